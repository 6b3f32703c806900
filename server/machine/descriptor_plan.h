// What the limit of open files (RLIMIT_NOFILE) is used for.  Connections of TCP
// clients take what is left: without a socket for an upstream, names are lost;
// without one for a connection, a client asks again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace canopy {

struct DescriptorNeeds {
  std::size_t workers = 1;
  std::size_t listeners = 8;  // sockets that are open from the start
  // What there would be without a limit.
  std::size_t tcp_connections = 1000;
  std::size_t ports_per_upstream = 16;
};

struct DescriptorPlan {
  // Throws ConfigurationError when `limit` does not suffice.
  DescriptorPlan(std::uint64_t limit, const DescriptorNeeds& needs);

  std::size_t tcp_connections = 0;     // at most
  std::size_t ports_per_upstream = 0;  // source ports in use at a time
  // A connection whose descriptor is this or higher is closed at once: the rest
  // is kept for upstreams, the health port and files.
  std::size_t tcp_descriptor_limit = 0;
  // One line when less is possible than was needed: what, and what to do.
  std::optional<std::string> warning;
};

// Raises the soft limit of open files to the hard one, or to what is enough.
// Programs we run get the original limit, because some close every descriptor
// up to it.
struct FileLimit {
  std::uint64_t before = 0;
  std::uint64_t now = 0;
};
FileLimit raise_file_limit();

}  // namespace canopy
