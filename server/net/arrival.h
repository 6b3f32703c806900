// How a message arrived: from whom, to which listener, by which transport,
// when.
#pragma once

#include <netinet/in.h>

#include <cstdint>

#include "healthz/tier.h"
#include "zones/time_point.h"

namespace canopy {

// The sender of a message.  For a datagram also the local address it was sent
// to, so that the answer leaves from that address (IP_PKTINFO).
struct Peer {
  sockaddr_in6 address{};  // or a sockaddr_in, by sin6_family
  in6_addr local{};        // IPv4: the first four octets
  std::uint32_t interface = 0;
};

// A listener of the plan.
struct ListenerId {
  std::uint8_t number = 0;
  Tier tier = Tier::kCache;  // counts its queries
};

struct Arrival {
  Peer peer;
  ListenerId listener;
  Transport transport = Transport::kUdp;
  // When the message was read; one clock call for a whole batch.
  TimePoint received{};
};

}  // namespace canopy
