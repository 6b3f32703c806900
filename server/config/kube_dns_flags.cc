// Flags of kube-dns that have no effect here, and the reasons.
#include <array>

#include "server/config/flags.h"

namespace canopy {
namespace {

constexpr std::string_view kLogsToStderr = "log lines always go to stderr";

constexpr std::array kKubeDnsFlags = {
    KubeDnsFlag{"config-map", true,
                "ConfigMaps are not read from the API server; mount it as a "
                "volume and set --config-dir to the folder"},
    KubeDnsFlag{"config-map-namespace", true, "see --config-map"},
    KubeDnsFlag{"config-period", true,
                "the files of --config-dir are read as soon as they change"},
    KubeDnsFlag{"federations", true, "Kubernetes has no federations any more"},
    KubeDnsFlag{"initial-sync-timeout", true,
                "queries are answered during the initial sync; /readyz shows "
                "when it is done"},
    KubeDnsFlag{"profiling", false, "there is no profiling port"},
    KubeDnsFlag{"logtostderr", false, kLogsToStderr},
    KubeDnsFlag{"alsologtostderr", false, kLogsToStderr},
    KubeDnsFlag{"stderrthreshold", true, kLogsToStderr},
    KubeDnsFlag{"log-dir", true, kLogsToStderr},
    KubeDnsFlag{"log-backtrace-at", true, "there are no backtraces"},
    KubeDnsFlag{"log-flush-frequency", true, "log lines are written at once"},
    KubeDnsFlag{"vmodule", true, "--log-level sets the level for all lines"},
};

}  // namespace

std::span<const KubeDnsFlag> kube_dns_flags() { return kKubeDnsFlags; }

}  // namespace canopy
