// Whether upstreams are asked in random case (--query-case), so that a forger
// must guess the case of each letter too ("0x20",
// draft-vixie-dnsext-dns0x20).
#pragma once

#include <cstdint>

#include "server/net/address.h"
#include "zones/name.h"

namespace canopy {

enum class QueryCase : std::uint8_t { kAuto, kAlways, kNever };

// kAuto: for upstreams at public addresses only, and not for stub domains (any
// `domain` but the root).  A server that compares names with case answers
// NXDOMAIN or NODATA, which cannot be told apart from the truth; such servers
// stand inside networks, where forgers do not.
bool asks_in_random_case(QueryCase policy, const Name& domain,
                         const Address& upstream);

}  // namespace canopy
