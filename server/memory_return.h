// Gives memory back to the kernel when a flood is over: malloc keeps what was
// freed, and so the process would stay as large as it ever was.
#pragma once

#include <chrono>
#include <cstddef>

namespace canopy {

class MemoryReturn {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Call about once a second, on a thread that may take some milliseconds for
  // it; it does not hold up others but where they allocate.  `used` are the
  // octets in use of the MemoryBudget.
  void look(std::size_t used, Time now);

 private:
  std::size_t most_used_ = 0;  // since memory was given back
  std::size_t left_ = 0;       // resident, when memory was given back, or less
  std::size_t resident_ = 0;   // at the last look
  Time next_{};
};

}  // namespace canopy
