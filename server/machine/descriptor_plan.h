// Divides the limit on open files (RLIMIT_NOFILE).  Connections of TCP clients
// get the remainder.  The reason: without a socket for an upstream, names
// cannot be resolved; without one for a connection, the client retries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace canopy {

struct DescriptorNeeds {
  std::size_t workers = 1;
  std::size_t listeners = 8;  // sockets opened at the start
  // Values to use when there is no limit.
  std::size_t tcp_connections = 1000;
  std::size_t ports_per_upstream = 16;
};

struct DescriptorPlan {
  // Throws ConfigurationError when `limit` is too low.
  DescriptorPlan(std::uint64_t limit, const DescriptorNeeds& needs);

  std::size_t tcp_connections = 0;     // maximum
  std::size_t ports_per_upstream = 0;  // source ports in use at a time
  // A connection whose descriptor is this or higher is closed at once.  Higher
  // descriptors are reserved for upstreams, the health port and files.
  std::size_t tcp_descriptor_limit = 0;
  // One line when the limit is lower than needed: the effect and the remedy.
  std::optional<std::string> warning;
};

// Raises the soft limit on open files to the hard limit, or to a sufficient
// value.  Child processes get the original limit, because some programs close
// each descriptor up to the limit.
struct FileLimit {
  std::uint64_t before = 0;
  std::uint64_t now = 0;
};
FileLimit raise_file_limit();

}  // namespace canopy
