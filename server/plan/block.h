// The rules of a listener for queries below one domain.  Immutable; part of the
// Plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/net/address.h"
#include "zones/name.h"

namespace canopy {

// Servers that can answer the same queries, in the order of the configuration.
struct UpstreamGroup {
  std::vector<SocketAddress> servers;
  // Why `servers` is empty, for the extended error of SERVFAIL.
  std::string why_none = "no upstream is configured";

  friend bool operator==(const UpstreamGroup&, const UpstreamGroup&) = default;
};

struct Block {
  // The block covers this domain and all names below it.  The root covers all
  // names.
  Name domain;
  // True when answers come from the cache and are cached.
  bool caches = false;
  // The servers for names that no zone has.  Nothing: refuse such queries.
  std::optional<UpstreamGroup> upstreams{};

  bool forwards() const { return upstreams.has_value(); }

  friend bool operator==(const Block&, const Block&) = default;
};

}  // namespace canopy
