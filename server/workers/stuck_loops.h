// Finds a loop that has not turned for too long.  A plain value; the caller
// passes in how long the watchdog slept.  When the process or the machine stood
// still (SIGSTOP, a frozen cgroup, a paused virtual machine, no CPU time), the
// loops stood still too, and that does not count against them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace canopy {

class StuckLoops {
 public:
  // `step` is the time that the watchdog intends to sleep between two checks.
  struct Limits {
    std::chrono::nanoseconds limit;
    std::chrono::nanoseconds step;
  };

  StuckLoops(std::size_t loops, const Limits& limits)
      : limits_(limits), waited_(loops) {}

  // One check after a sleep of `slept`, of which at most one step counts
  // against a loop.  After a sleep of more than two steps each loop has the
  // whole limit again.
  void sleep_ended(std::chrono::nanoseconds slept) {
    const bool stood_still = slept > 2 * limits_.step;
    for (auto& waited : waited_) {
      waited =
          stood_still ? waited.zero() : waited + std::min(slept, limits_.step);
    }
  }
  void turned(std::size_t loop) { waited_[loop] = {}; }

  // Returns the first loop that has not turned for the limit.
  std::optional<std::size_t> overdue() const {
    for (std::size_t i = 0; i < waited_.size(); ++i) {
      if (waited_[i] >= limits_.limit) return i;
    }
    return std::nullopt;
  }

 private:
  Limits limits_;
  std::vector<std::chrono::nanoseconds> waited_;
};

}  // namespace canopy
