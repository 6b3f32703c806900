// The nameserver lines of a resolv.conf (resolv.conf(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/option_values.h"

namespace canopy {

struct ResolvConf {
  // Port 53, in the file's order, each once.
  std::vector<Endpoint> nameservers;
  // Values that are no address we can ask; link-local ones need a scope.
  std::vector<std::string> ignored;
};

ResolvConf parse_resolv_conf(std::string_view text);

}  // namespace canopy
