// Tells whether an upstream is this server itself, which would be a loop.
#pragma once

#include <string>
#include <vector>

#include "server/net/address.h"

namespace canopy {

struct OwnAddresses {
  std::vector<Address> bound;  // empty: all addresses of this machine
  std::uint16_t port = 53;

  bool include(const SocketAddress& server) const;
};

// Returns the present addresses of this machine's interfaces.
std::vector<Address> interface_addresses();
// Returns the present addresses of one interface: "eth0".  Link-local IPv6
// addresses have their zone.
std::vector<Address> addresses_of_interface(const std::string& name);

}  // namespace canopy
