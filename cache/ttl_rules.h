// How long an upstream's answer may be kept (RFC 2308), used when nothing
// better is to be had (RFC 8767), or remembered as a failure (RFC 9520).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "zones/encoded_answer.h"

namespace canopy {

// Whatever an upstream says, an hour for what exists, half for what does not.
inline constexpr std::uint32_t kMaxTtl = 3600;          // seconds
inline constexpr std::uint32_t kMaxNegativeTtl = 1800;  // seconds

// RFC 8767 5: behind its TTL, in place of a failure, with this TTL; then the
// upstreams are left alone with it for a while.
inline constexpr std::chrono::seconds kMaxStale{86'400};
inline constexpr std::chrono::seconds kMaxNegativeStale{1'800};
inline constexpr std::uint32_t kStaleTtl = 30;  // seconds
inline constexpr std::chrono::seconds kStaleRecheck{30};

// RFC 9520 3.2: from one second to five minutes.
inline constexpr std::chrono::seconds kFailureLifetime{2};

// The last part of a lifetime, in which asking for an answer fetches it again;
// lifetimes below five seconds have none.
std::optional<std::chrono::seconds> refresh_before_end(
    std::chrono::seconds lifetime);

// `answer` as a MessageIndex or a MessageWriter made it.  A positive answer,
// one that has a record of the type asked for, lives as long as its shortest
// TTL. Any other is negative, also behind a CNAME (RFC 2308 2.2): it lives as
// long as the shortest TTL of the CNAMEs and the lesser of the SOA's TTL and
// MINIMUM (RFC 2308 5).  Nothing when the answer must not be kept: truncated, a
// failure, TTL 0, or negative without an SOA.
std::optional<std::chrono::seconds> time_to_keep(const EncodedAnswer& answer);

}  // namespace canopy
