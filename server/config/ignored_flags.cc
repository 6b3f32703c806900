// Flags of kube-dns and CoreDNS that have no effect here, and the reasons.
#include <array>

#include "server/config/flags.h"

namespace canopy {
namespace {

constexpr std::string_view kLogsToStderr = "log lines always go to stderr";

constexpr std::array kIgnoredFlags = {
    IgnoredFlag{"config-map", true,
                "ConfigMaps are not read from the API server; mount it as a "
                "volume and set --config-dir to the folder"},
    IgnoredFlag{"config-map-namespace", true, "see --config-map"},
    IgnoredFlag{"config-period", true,
                "the files of --config-dir are read as soon as they change"},
    IgnoredFlag{"federations", true, "Kubernetes has no federations any more"},
    IgnoredFlag{"initial-sync-timeout", true,
                "queries are answered during the initial sync; /readyz shows "
                "when it is done"},
    IgnoredFlag{"profiling", false, "there is no profiling port"},
    IgnoredFlag{"logtostderr", false, kLogsToStderr},
    IgnoredFlag{"alsologtostderr", false, kLogsToStderr},
    IgnoredFlag{"stderrthreshold", true, kLogsToStderr},
    IgnoredFlag{"log-dir", true, kLogsToStderr},
    IgnoredFlag{"log-backtrace-at", true, "there are no backtraces"},
    IgnoredFlag{"log-flush-frequency", true, "log lines are written at once"},
    IgnoredFlag{"vmodule", true, "--log-level sets the level for all lines"},
    // CoreDNS's.
    IgnoredFlag{"quiet", false, "--log-level=warning hides start-up lines"},
    IgnoredFlag{"pidfile", true,
                "no file is written; the service manager knows the process"},
    IgnoredFlag{"log-format", true, "log lines are always plain text"},
};

}  // namespace

std::span<const IgnoredFlag> ignored_flags() { return kIgnoredFlags; }

}  // namespace canopy
