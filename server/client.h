// Who asks, as far as an address tells.  A plain value.
#pragma once

#include <netinet/in.h>

#include <cstdint>

#include "server/option_values.h"

namespace canopy {

// An IPv4 address, or the /64 an IPv6 address is in: a host may use all of
// those.  The two do not meet: 0::/32 holds no host but the loopback, which is
// kOurselves.
enum class Client : std::uint64_t {};

// Questions that no client asked.
inline constexpr Client kOurselves{0};

// Of a sockaddr_in too, by sin6_family; ::ffff:192.0.2.1 is 192.0.2.1.
Client client_of(const sockaddr_in6& address);
Client client_of(const Address& address);

}  // namespace canopy
