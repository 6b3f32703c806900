// Random numbers from the kernel (getrandom), fetched in blocks.  For ids an
// attacker must not guess.  Each thread its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace canopy {

class RandomOctets {
 public:
  std::uint16_t next16();
  // Below `bound`, which is at most 65,536; even enough for choosing a socket.
  std::size_t below(std::size_t bound) { return next16() * bound >> 16; }
  std::uint64_t next64();

 private:
  void fill();

  std::array<std::uint16_t, 128> block_{};
  std::size_t left_ = 0;
};

}  // namespace canopy
