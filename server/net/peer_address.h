// The address and port of a client as values.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <cstring>

#include "zones/rrset.h"

namespace canopy {

// `peer` may be a sockaddr_in, by sin6_family.
inline IpAddress ip_of(const sockaddr_in6& peer) {
  if (peer.sin6_family != AF_INET) {
    Ipv6 octets;
    std::memcpy(octets.data(), &peer.sin6_addr, octets.size());
    return octets;
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &peer, sizeof v4);
  Ipv4 octets;
  std::memcpy(octets.data(), &v4.sin_addr, octets.size());
  return octets;
}

// Both families have the port at the same place.
inline std::uint16_t port_of(const sockaddr_in6& peer) {
  return ntohs(peer.sin6_port);
}

}  // namespace canopy
