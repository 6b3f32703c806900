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
  Count over_share{0};   // of the same client, which had its share
  Count over_limit{0};   // of any, all being used
  Count descriptors{0};  // the process had no descriptor left
  // Pages sent in pieces (/debug/zone): started, and refused because too many
  // were being sent.
  Count streams{0};
  Count refused_streams{0};
  Count page_builds{0};  // of pages that are shared
};

}  // namespace canopy
