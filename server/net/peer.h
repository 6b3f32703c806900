// Where a message comes from, and where its answer goes.
#pragma once

#include <netinet/in.h>

#include <cstdint>

namespace canopy {

// Of a datagram the local address it was sent to too, so that the answer leaves
// from there (IP_PKTINFO).
struct Peer {
  sockaddr_in6 address{};  // or a sockaddr_in, by sin6_family
  in6_addr local{};        // v4: the first four octets
  std::uint32_t interface = 0;
};

}  // namespace canopy
