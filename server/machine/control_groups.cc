#include "server/machine/control_groups.h"

#include <algorithm>
#include <sstream>

#include "healthz/read_file.h"

namespace canopy {
namespace {

// In a container the path may not exist below the mount.  The mount itself is
// then our group.
std::uint64_t least_on_path(const std::string& mount, std::string path,
                            const GroupLimit::Read& read) {
  std::uint64_t least = read(mount);
  while (path.size() > 1) {
    least = std::min(least, read(mount + path));
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

}  // namespace

// Parses lines of /proc/self/cgroup: "0::/path" (v2), "4:cpu,cpuacct:/path"
// (v1).
std::uint64_t least_limit(const std::string& root, const GroupLimit& limit) {
  const std::string mount = root + "/sys/fs/cgroup/";
  std::istringstream file(kernel_text(root + "/proc/self/cgroup"));
  std::uint64_t least = kNoLimit;
  const auto look = [&](const std::string& folder, const std::string& path,
                        const GroupLimit::Read& read) {
    least = std::min(least, least_on_path(mount + folder, path, read));
  };
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      look("", path, limit.version_2);
    } else if (has_controller(controllers, limit.controller)) {
      look(limit.controller, path, limit.version_1);
      look(controllers, path, limit.version_1);
    }
  }
  return least;
}

}  // namespace canopy
