// Flags that a Corefile replaces, and what it has in their place.
#include <algorithm>
#include <array>

#include "server/config/flags.h"

namespace canopy {
namespace {

struct Counterpart {
  std::string_view flag;
  std::string_view instead;
};

constexpr std::array kCounterparts = {
    Counterpart{"dns-bind-address", "use the directive bind"},
    Counterpart{"zone-port", "a Corefile has no zone tier; leave it out"},
    Counterpart{"healthz-port", "use the directive health"},
    Counterpart{"domain", "use the directive kubernetes"},
    Counterpart{"ttl", "use the option ttl of the directive kubernetes"},
    Counterpart{"negative-ttl",
                "use the option ttl of the directive kubernetes"},
    Counterpart{"pods", "use the option pods of the directive kubernetes"},
    Counterpart{"namespaces",
                "use the option namespaces of the directive kubernetes"},
    Counterpart{"namespace-labels",
                "use the option namespace_labels of the directive kubernetes"},
    Counterpart{"labels", "use the option labels of the directive kubernetes"},
    Counterpart{"endpoint-pod-names",
                "use the option endpoint_pod_names of the directive "
                "kubernetes"},
    Counterpart{"ignore-empty-service",
                "use the option ignore empty_service of the directive "
                "kubernetes"},
    Counterpart{"nameservers", "use the directive forward"},
    Counterpart{"resolv-conf", "use the directive forward"},
    Counterpart{"config-dir", "use a server block with the directive forward"},
    Counterpart{"quiet-period",
                "use the option lameduck of the directive health"},
    Counterpart{"log-queries", "use the directive log"},
};

}  // namespace

std::string_view corefile_counterpart(std::string_view flag) {
  const auto found = std::ranges::find(kCounterparts, flag, &Counterpart::flag);
  return found == kCounterparts.end() ? std::string_view() : found->instead;
}

}  // namespace canopy
