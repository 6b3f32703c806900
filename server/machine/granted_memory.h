// The memory this process may use: the lowest of the machine's memory, the
// limits of its control groups, and its address-space limit.  Also the part of
// that memory that clients may fill.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace canopy {

// Returns octets.  `root` is prepended to /proc and /sys, for tests.
std::uint64_t granted_memory(const std::string& root = "");

// The parts of the granted memory that clients may fill, in octets.  The rest
// is for the cluster's records, the cache (--cache-memory) and the health
// port's pages.
struct MemoryPlan {
  explicit MemoryPlan(std::uint64_t granted);

  // The size of MemoryBudget: all data that waits to be sent or answered.  An
  // eighth, at least 8 and at most 64 MiB.
  std::size_t waiting;
  // Datagrams that wait in the kernel, for all UDP sockets together.  An
  // eighth.
  std::size_t received;
};

}  // namespace canopy
