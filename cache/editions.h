// The published editions: the current ones, or those that an answer was made
// from.
#pragma once

#include <cstdint>

#include "zones/zone_set.h"

namespace canopy {

struct Editions {
  Serial zones = 0;
  std::uint64_t plan = 0;  // which upstreams serve which names

  friend bool operator==(const Editions&, const Editions&) = default;
};

}  // namespace canopy
