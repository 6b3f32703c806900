// Returns memory to the kernel after a flood.  Without this malloc keeps freed
// memory, and the process stays at its largest size.
#pragma once

#include <chrono>
#include <cstddef>

#include "zones/time_point.h"

namespace canopy {

// Call once, before any thread starts.  A large block is then returned to the
// kernel as soon as it is freed.  By default malloc raises both limits to the
// largest block that was ever freed.  Each thread then keeps that much, and
// malloc_trim() trims only the end of the main thread's heap.
void return_large_blocks();

class MemoryReturn {
 public:
  // Call about once a second, on a thread that may be busy for some
  // milliseconds.  Other threads wait only if they allocate meanwhile.  `used`
  // is the number of octets in use in the MemoryBudget.
  void look(std::size_t used, TimePoint now);

 private:
  std::size_t most_used_ = 0;  // since memory was last returned
  std::size_t left_ = 0;       // lowest resident size since then
  std::size_t resident_ = 0;   // resident size at the last look
  TimePoint next_{};
};

}  // namespace canopy
