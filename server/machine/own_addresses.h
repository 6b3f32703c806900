// Tells whether an upstream is this server itself, which would be a loop.
#pragma once

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

}  // namespace canopy
