#include "server/workers/memory_return.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "healthz/read_file.h"

namespace canopy {
namespace {

// Smaller changes do not justify malloc_trim(), which visits all free memory.
constexpr std::size_t kFallen = 2 << 20;
constexpr std::size_t kGrown = 8 << 20;
constexpr std::chrono::seconds kPause{4};
// In octets.  Queries and answers are smaller, so that serving them causes no
// mmap() and munmap().
constexpr int kLargeBlock = 1 << 20;
constexpr int kFreeAtEnd = 2 << 20;

std::size_t resident() {
  std::istringstream file(kernel_text("/proc/self/statm"));
  std::size_t all = 0;
  std::size_t pages = 0;
  file >> all >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void return_large_blocks() {
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  mallopt(M_TRIM_THRESHOLD, kFreeAtEnd);
}

void MemoryReturn::look(std::size_t used, TimePoint now) {
  most_used_ = std::max(most_used_, used);
  const std::size_t before = std::exchange(resident_, resident());
  left_ = std::min(left_, resident_);
  // Much was freed: clients' data, or memory that other parts no longer need.
  const bool fell = used < most_used_ / 2 && most_used_ - used >= kFallen;
  const bool grew = resident_ > left_ + kGrown && resident_ <= before;
  if ((!fell && !grew) || now < next_) return;
  malloc_trim(0);
  most_used_ = used;
  left_ = resident_ = resident();
  next_ = now + kPause;
}

}  // namespace canopy
