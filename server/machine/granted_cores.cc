#include "server/machine/granted_cores.h"

#include <sched.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "healthz/read_file.h"
#include "server/machine/control_groups.h"

namespace canopy {
namespace {

std::uint64_t cores_of(double quota, double period) {
  if (quota <= 0 || period <= 0) return kNoLimit;
  const double cores = quota / period;
  // Rounds up: a part of a core is worth a thread.
  return std::max(std::uint64_t{1}, static_cast<std::uint64_t>(cores + 0.999));
}

// Parses "max 100000" or "150000 100000".
std::uint64_t quota_v2(const std::string& folder) {
  std::istringstream file(kernel_text(folder + "/cpu.max"));
  double quota = 0;
  double period = 0;
  return file >> quota >> period ? cores_of(quota, period) : kNoLimit;
}

std::uint64_t quota_v1(const std::string& folder) {
  std::istringstream quota_file(kernel_text(folder + "/cpu.cfs_quota_us"));
  std::istringstream period_file(kernel_text(folder + "/cpu.cfs_period_us"));
  double quota = 0;
  double period = 0;
  if (!(quota_file >> quota) || !(period_file >> period)) return kNoLimit;
  return cores_of(quota, period);
}

unsigned cores_of_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<unsigned>(CPU_COUNT(&set));
  }
  return std::thread::hardware_concurrency();  // more than 1,024 cores
}

}  // namespace

unsigned granted_cores(const std::string& root) {
  const std::uint64_t quota = least_limit(root, {"cpu", quota_v1, quota_v2});
  const std::uint64_t cores =
      std::min<std::uint64_t>(cores_of_affinity(), quota);
  return std::max(1u, static_cast<unsigned>(cores));
}

}  // namespace canopy
