#include "server/granted_cores.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

namespace canopy {
namespace {

constexpr unsigned kNoQuota = ~0u;

unsigned cores_of(double quota, double period) {
  if (quota <= 0 || period <= 0) return kNoQuota;
  const double cores = quota / period;
  // A part of a core is worth a thread of its own.
  return std::max(1u, static_cast<unsigned>(cores + 0.999));
}

// cgroup v2: "max 100000" or "150000 100000".
unsigned quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  double quota = 0;
  double period = 0;
  return file >> quota >> period ? cores_of(quota, period) : kNoQuota;
}

unsigned quota_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
  std::ifstream period_file(folder + "/cpu.cfs_period_us");
  double quota = 0;
  double period = 0;
  if (!(quota_file >> quota) || !(period_file >> period)) return kNoQuota;
  return cores_of(quota, period);
}

// The least quota of a group and the groups around it.  In a container the
// path may not exist below /sys/fs/cgroup: then the mount itself is the group.
template <typename Quota>
unsigned least_quota(const std::string& mount, std::string path, Quota quota) {
  unsigned least = quota(mount);
  while (path.size() > 1) {
    least = std::min(least, quota(mount + path));
    path.erase(path.find_last_of('/'));
  }
  return least;
}

bool has_controller(const std::string& list, const std::string& wanted) {
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ',');) {
    if (item == wanted) return true;
  }
  return false;
}

// Lines of /proc/self/cgroup: "0::/path" (v2), "4:cpu,cpuacct:/path" (v1).
unsigned quota_of_groups(const std::string& root) {
  const std::string mount = root + "/sys/fs/cgroup";
  std::ifstream file(root + "/proc/self/cgroup");
  unsigned least = kNoQuota;
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      least = std::min(least, least_quota(mount, path, quota_v2));
    } else if (has_controller(controllers, "cpu")) {
      least = std::min(least, least_quota(mount + "/cpu", path, quota_v1));
      std::string folder = mount;
      folder.append("/").append(controllers);
      least = std::min(least, least_quota(folder, path, quota_v1));
    }
  }
  return least;
}

unsigned cores_of_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<unsigned>(CPU_COUNT(&set));
  }
  return std::thread::hardware_concurrency();  // above 1,024 cores
}

}  // namespace

unsigned granted_cores(const std::string& root) {
  return std::max(1u, std::min(cores_of_affinity(), quota_of_groups(root)));
}

}  // namespace canopy
