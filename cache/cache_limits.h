// Limits on the contents of the cache.
#pragma once

#include <cstddef>

namespace canopy {

struct CacheLimits {
  std::size_t entries = 10'000;
  std::size_t octets = std::size_t{32} << 20;
};

}  // namespace canopy
