// How long upstreams' answers are cached below one domain.
#pragma once

#include <cstdint>
#include <optional>

#include "cache/ttl_range.h"

namespace canopy {

struct CacheRules {
  // Bounds on TTLs.  Nothing: such answers of upstreams are not cached.
  std::optional<TtlRange> positive = kAnyTtl;
  std::optional<TtlRange> negative = kAnyTtl;

  friend bool operator==(const CacheRules&, const CacheRules&) = default;
};

}  // namespace canopy
