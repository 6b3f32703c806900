// Gives memory back to the kernel when a flood is over: malloc keeps what was
// freed, and so the process would stay as large as it ever was.
#pragma once

#include <chrono>
#include <cstddef>

#include "zones/time_point.h"

namespace canopy {

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
