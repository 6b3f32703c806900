// Chooses the address that an answer begins with, at random for each answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace canopy {

class Rotation {
 public:
  std::size_t next() { return engine_() >> 33; }

 private:
  // Knuth's MMIX generator; only its high bits are random enough to use.
  std::linear_congruential_engine<std::uint64_t, 6364136223846793005,
                                  1442695040888963407, 0>
      engine_{std::random_device{}()};
};

}  // namespace canopy
