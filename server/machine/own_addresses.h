// Whether an upstream is this server itself: asking it would be a loop.
#pragma once

#include <vector>

#include "server/net/address.h"

namespace canopy {

struct OwnAddresses {
  std::vector<Address> bound;  // empty: all of this machine's
  std::uint16_t port = 53;

  bool include(const SocketAddress& server) const;
};

// The addresses of this machine's interfaces, now.
std::vector<Address> interface_addresses();

}  // namespace canopy
