// Bounds on the TTLs of upstreams' answers.
#pragma once

#include <algorithm>
#include <cstdint>

namespace canopy {

struct TtlRange {
  std::uint32_t least = 0;  // seconds
  std::uint32_t most = 0;   // seconds

  std::uint32_t clamp(std::uint32_t ttl) const {
    return std::min(std::max(ttl, least), most);
  }

  friend bool operator==(const TtlRange&, const TtlRange&) = default;
};

inline constexpr TtlRange kAnyTtl{0, UINT32_MAX};
// No answer is cached for longer than an hour, and no negative one for longer
// than half an hour.
inline constexpr TtlRange kPositiveTtl{0, 3600};
inline constexpr TtlRange kNegativeTtl{0, 1800};

}  // namespace canopy
