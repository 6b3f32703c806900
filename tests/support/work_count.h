// Counts the work of code: the basic blocks it runs, if built with
// -fsanitize-coverage=trace-pc, and the memory it allocates.  The counts are
// the same on each machine and in each run, so tests can set a bound.
#pragma once

#include <cstdint>

namespace canopy::test {

struct Work {
  std::uint64_t blocks = 0;
  std::uint64_t allocations = 0;
  std::uint64_t octets = 0;  // total of all allocations
};

// Returns the work of this thread since it started.
Work work_so_far();

// Returns the work of one call.
template <typename Call>
Work work_of(Call call) {
  const Work before = work_so_far();
  call();
  const Work after = work_so_far();
  return {after.blocks - before.blocks, after.allocations - before.allocations,
          after.octets - before.octets};
}

}  // namespace canopy::test
