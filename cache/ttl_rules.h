// How long an upstream's answer may be kept (RFC 2308), may be served stale
// (RFC 8767), or is remembered as a failure (RFC 9520).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "cache/ttl_range.h"
#include "zones/encoded_answer.h"

namespace canopy {

// How long an expired answer may replace a failure (RFC 8767 5).
inline constexpr std::chrono::seconds kMaxStale{86'400};
inline constexpr std::chrono::seconds kMaxNegativeStale{1'800};
// The TTL of a stale answer, in seconds.
inline constexpr std::uint32_t kStaleTtl = 30;
// After a stale answer, the upstreams are tried again after this pause.
inline constexpr std::chrono::seconds kStaleRecheck{30};

// RFC 9520 3.2 allows from one second to five minutes.
inline constexpr std::chrono::seconds kFailureLifetime{2};

// The last part of a lifetime, in which a query triggers a refresh.  Nothing
// for lifetimes below five seconds.
std::optional<std::chrono::seconds> refresh_before_end(
    std::chrono::seconds lifetime);

// How long `answer`, made by a MessageIndex or a MessageWriter, may be kept.  A
// positive answer has a record of the type asked for, and is kept for its
// shortest TTL.  Any other answer is negative, even after a CNAME (RFC 2308
// 2.2).  A negative answer is kept for the shortest TTL of the CNAMEs and the
// lesser of the SOA's TTL and MINIMUM (RFC 2308 5).  Nothing when the answer
// must not be kept: it is truncated, a failure, has TTL 0, or is negative
// without an SOA.
std::optional<std::chrono::seconds> time_to_keep(const EncodedAnswer& answer);

}  // namespace canopy
