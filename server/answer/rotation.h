// Where an answer's order of addresses begins: somewhere else each time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace canopy {

class Rotation {
 public:
  std::size_t next() { return engine_() >> 33; }

 private:
  // Knuth's MMIX; of its bits the high ones are good.
  std::linear_congruential_engine<std::uint64_t, 6364136223846793005,
                                  1442695040888963407, 0>
      engine_{std::random_device{}()};
};

}  // namespace canopy
