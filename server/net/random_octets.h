// Random numbers from the kernel (getrandom), fetched in blocks.  Used for IDs
// that an attacker must not guess.  Each thread needs its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace canopy {

class RandomOctets {
 public:
  std::uint16_t next16();
  // Returns a number below `bound`.  The result is uniform enough to choose a
  // socket.  REQUIRES: bound <= 65,536.
  std::size_t below(std::size_t bound) { return next16() * bound >> 16; }
  std::uint64_t next64();

 private:
  void fill();

  std::array<std::uint16_t, 128> block_{};
  std::size_t left_ = 0;
};

}  // namespace canopy
