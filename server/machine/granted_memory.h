// The memory this process may use: the least of the machine's memory, the
// limits of its control groups and its address-space limit; and the part of it
// that may be spent on clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace canopy {

// In octets.  `root` stands in front of /proc and /sys, for tests.
std::uint64_t granted_memory(const std::string& root = "");

// The parts of it that clients fill.  The rest is left to the cluster's
// records, the cache (--cache-memory) and pages of the health port.
struct MemoryPlan {
  explicit MemoryPlan(std::uint64_t granted);

  // Of MemoryBudget: all that waits to be sent or to be answered.  An eighth,
  // at least 8 and at most 64 MiB.
  std::size_t waiting;
  // Datagrams that wait in the kernel, of all UDP sockets together.  An eighth.
  std::size_t received;
};

}  // namespace canopy
