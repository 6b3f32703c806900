// Limits of the control groups (cgroups) around this process, version 1 or 2.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace canopy {

inline constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

struct GroupLimit {
  // Reads the limit of the group in `folder`; kNoLimit when it has none.
  using Read = std::function<std::uint64_t(const std::string& folder)>;

  std::string controller;  // the controller's name in version 1: "cpu"
  Read version_1;
  Read version_2;
};

// Returns the lowest limit of our group and its parents; kNoLimit when none has
// a limit.  `root` is prepended to /proc and /sys.
std::uint64_t least_limit(const std::string& root, const GroupLimit& limit);

}  // namespace canopy
