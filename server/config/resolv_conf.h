// The nameserver lines of a resolv.conf (resolv.conf(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/net/address.h"

namespace canopy {

struct ResolvConf {
  // Port 53, in the file's order, each once.
  std::vector<SocketAddress> nameservers;
  // Values that are no address we can ask, such as a link-local one without an
  // interface of this machine (fe80::53%eth0).
  std::vector<std::string> ignored;
};

ResolvConf parse_resolv_conf(std::string_view text);

}  // namespace canopy
