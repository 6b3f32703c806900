// Counters of the HTTP server, for metrics.  Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace canopy {

struct HttpCounts {
  using Count = std::atomic<std::uint64_t>;

  Count connections{0};       // accepted
  Count open_connections{0};  // now
  // Connections closed to make room for a newer one.
  Count over_share{0};   // of a client that used up its share
  Count over_limit{0};   // of any client, when all places are used
  Count descriptors{0};  // the process was out of descriptors
  // Pages sent in pieces (/debug/zone): started, and refused because too many
  // were being sent.
  Count streams{0};
  Count refused_streams{0};
  Count page_builds{0};  // builds of shared pages
};

}  // namespace canopy
