#include "server/machine/granted_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "healthz/read_file.h"
#include "server/machine/control_groups.h"

namespace canopy {
namespace {

// Parses "max" or a number of octets.
std::uint64_t number_in(const std::string& file) {
  std::istringstream stream(kernel_text(file));
  std::uint64_t octets = 0;
  return stream >> octets ? octets : kNoLimit;
}

std::uint64_t limit_v1(const std::string& folder) {
  return number_in(folder + "/memory.limit_in_bytes");
}

std::uint64_t limit_v2(const std::string& folder) {
  return number_in(folder + "/memory.max");
}

std::uint64_t memory_of_machine() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || size <= 0) return kNoLimit;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size);
}

std::uint64_t limit_of_addresses() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0) return kNoLimit;
  return limit.rlim_cur == RLIM_INFINITY ? kNoLimit : limit.rlim_cur;
}

}  // namespace

std::uint64_t granted_memory(const std::string& root) {
  return std::min({memory_of_machine(), limit_of_addresses(),
                   least_limit(root, {"memory", limit_v1, limit_v2})});
}

MemoryPlan::MemoryPlan(std::uint64_t granted)
    : waiting(std::clamp<std::uint64_t>(granted / 8, 8 << 20, 64 << 20)),
      received(std::min<std::uint64_t>(granted / 8, SIZE_MAX)) {}

}  // namespace canopy
