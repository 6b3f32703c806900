// The number of cores this process may use: the smaller of its CPU affinity and
// the quota of its control groups, version 1 or 2.
#pragma once

#include <string>

namespace canopy {

// Returns at least 1.  `root` is prepended to /proc and /sys, for tests.
unsigned granted_cores(const std::string& root = "");

}  // namespace canopy
