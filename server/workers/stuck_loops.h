// Which of several loops has not turned for too long.  A plain value; time is
// passed in, as the length of the watchdog's own sleeps: when the process or
// the machine stood still (SIGSTOP, a frozen cgroup, a paused virtual machine,
// no CPU time), so did the loops, and that is no fault of theirs.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace canopy {

class StuckLoops {
 public:
  // `step` is how long the watchdog means to sleep between two looks.
  struct Limits {
    std::chrono::nanoseconds limit;
    std::chrono::nanoseconds step;
  };

  StuckLoops(std::size_t loops, const Limits& limits)
      : limits_(limits), waited_(loops) {}

  // One check after a sleep of `slept`, of which at most one step counts
  // against a loop; after a sleep of more than two steps every loop has the
  // whole limit again.
  void sleep_ended(std::chrono::nanoseconds slept) {
    const bool stood_still = slept > 2 * limits_.step;
    for (auto& waited : waited_) {
      waited =
          stood_still ? waited.zero() : waited + std::min(slept, limits_.step);
    }
  }
  void turned(std::size_t loop) { waited_[loop] = {}; }

  // The first loop that has not turned for the limit.
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
