// What is published now, or was when an answer was made.
#pragma once

#include <cstdint>

#include "zones/zone_set.h"

namespace canopy {

struct Editions {
  Serial zones = 0;
  std::uint64_t plan = 0;  // who is asked for which names

  friend bool operator==(const Editions&, const Editions&) = default;
};

}  // namespace canopy
