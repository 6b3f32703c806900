// What code does, counted: the basic blocks it runs, where it was built with
// -fsanitize-coverage=trace-pc, and the memory it asks for.  The same on every
// machine and at every time, so tests can hold it to a bound.
#pragma once

#include <cstdint>

namespace canopy::test {

struct Work {
  std::uint64_t blocks = 0;
  std::uint64_t allocations = 0;
  std::uint64_t octets = 0;  // of all allocations
};

// Of this thread, since it began.
Work work_so_far();

// Of one call.
template <typename Call>
Work work_of(Call call) {
  const Work before = work_so_far();
  call();
  const Work after = work_so_far();
  return {after.blocks - before.blocks, after.allocations - before.allocations,
          after.octets - before.octets};
}

}  // namespace canopy::test
