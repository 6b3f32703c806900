// What a listener does with the queries for one domain: immutable data, a part
// of the Plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/net/address.h"
#include "zones/name.h"

namespace canopy {

// Servers that are asked alike, in the order of the configuration.
struct UpstreamGroup {
  std::vector<SocketAddress> servers;
  // Why `servers` is empty, for SERVFAIL's explanation.
  std::string why_none = "no upstream is configured";

  friend bool operator==(const UpstreamGroup&, const UpstreamGroup&) = default;
};

struct Block {
  // For this domain and everything below it; the root: for all names.
  Name domain;
  // Answers are looked for in the cache, and kept there.
  bool caches = false;
  // Who is asked for what no zone has.  Nothing: nobody, and such queries are
  // refused.
  std::optional<UpstreamGroup> upstreams{};

  bool forwards() const { return upstreams.has_value(); }

  friend bool operator==(const Block&, const Block&) = default;
};

}  // namespace canopy
