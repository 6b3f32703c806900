// Gives memory back to the kernel when a flood is over: malloc keeps what was
// freed, and so the process would stay as large as it ever was.
#pragma once

#include <chrono>
#include <cstddef>

#include "zones/time_point.h"

namespace canopy {

// Once, before there are threads.  What is freed of a large block goes back at
// once.  Left to itself malloc raises both limits to the largest block it ever
// freed, and from then on each thread keeps as much: malloc_trim() looks at the
// end of the main thread's heap only.
void return_large_blocks();

class MemoryReturn {
 public:
  // Call about once a second, on a thread that may take some milliseconds for
  // it; it does not hold up others but where they allocate.  `used` are the
  // octets in use of the MemoryBudget.
  void look(std::size_t used, TimePoint now);

 private:
  std::size_t most_used_ = 0;  // since memory was given back
  std::size_t left_ = 0;       // resident, when memory was given back, or less
  std::size_t resident_ = 0;   // at the last look
  TimePoint next_{};
};

}  // namespace canopy
