// Whether query names are sent to upstreams in random case (--query-case).  A
// spoofer must then also guess the case of each letter ("0x20",
// draft-vixie-dnsext-dns0x20).
#pragma once

#include <cstdint>

#include "server/net/address.h"
#include "zones/name.h"

namespace canopy {

enum class QueryCase : std::uint8_t { kAuto, kAlways, kNever };

// kAuto: only for upstreams at public addresses, and not for stub domains (any
// `domain` but the root).  A server that compares names case-sensitively
// answers NXDOMAIN or NODATA, which looks like a true answer.  Such servers run
// on private networks, where spoofing is unlikely.
bool asks_in_random_case(QueryCase policy, const Name& domain,
                         const Address& upstream);

}  // namespace canopy
