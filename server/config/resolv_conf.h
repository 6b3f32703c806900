// The nameserver lines of a resolv.conf (resolv.conf(5)).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/net/address.h"

namespace canopy {

// A larger file is not read.
inline constexpr std::size_t kMaxResolvConf = 64 << 10;

struct ResolvConf {
  // With port 53, in the file's order, without duplicates.
  std::vector<SocketAddress> nameservers;
  // Values that are not usable as a server address.  An example is a link-local
  // address without an interface of this machine (fe80::53%eth0 has one).
  std::vector<std::string> ignored;
};

ResolvConf parse_resolv_conf(std::string_view text);

}  // namespace canopy
