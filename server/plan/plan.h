// Immutable rules for answering queries.  server/sources/ decides which flags
// and files count, server/config/plan_compiler.h makes the Plan of them,
// plan_store.h publishes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache_key.h"
#include "healthz/tier.h"
#include "server/net/address.h"
#include "server/plan/block.h"

namespace canopy {

// The addresses that are listened on, and the rules for queries there.
struct Listener {
  Tier tier = Tier::kCache;             // counts its queries
  std::vector<Address> addresses{};     // empty: all IPv4 and IPv6 addresses
  std::optional<std::uint16_t> port{};  // nothing: off; 0: any free port
  std::string set_by{};  // "--dns-port" or "Corefile:1", for error texts
  // Ordered by length of domain, longest first.  The last block is the root's;
  // Plan adds it.  The functions below REQUIRE it.
  std::vector<Block> blocks{};
  // Plan sets it: listeners with equal blocks share cached answers, whatever
  // their rewrites.
  CachePart cache_part = 0;

  // The block with the longest domain that contains `qname`.
  const Block& block_for(NameView qname) const {
    return blocks.size() == 1 ? blocks.front() : longest_for(qname);
  }

  // True when names outside our zones are forwarded.
  bool forwards() const { return blocks.back().forwards(); }

  friend bool operator==(const Listener&, const Listener&) = default;

 private:
  const Block& longest_for(NameView qname) const;
};

class Plan {
 public:
  // Each may have another part of the cache.
  static constexpr std::size_t kMostListeners = CacheKey::kParts;

  // A plan that refuses all queries.
  Plan() : Plan({Listener{}}) {}
  // Blocks may be in any order.  If several have the same domain, the last one
  // counts.  Names without a block are refused.  REQUIRES: 1 to kMostListeners
  // listeners, with those that most_listeners_of() counts for rewrites.
  explicit Plan(std::vector<Listener> listeners);

  const std::vector<Listener>& listeners() const { return listeners_; }
  // All plans of a PlanStore have the same listeners with other blocks, so a
  // number means the same in each.
  const Listener& listener(std::size_t number) const {
    return listeners_[number];
  }

  // Listeners without port, for the queries that rules rewrote.  Their numbers
  // follow those of listeners().
  const std::vector<Listener>& for_rewritten() const { return for_rewritten_; }
  // The listener with a number of this or of an earlier plan.  If this plan has
  // fewer, the first one.
  const Listener& numbered(std::size_t number) const;
  // An upper bound for the listeners of such a plan, those for rewrites
  // included.
  static std::size_t most_listeners_of(const std::vector<Listener>& listeners);

  friend bool operator==(const Plan&, const Plan&) = default;

 private:
  void add_for_rewritten(Listener& listener);
  void set_cache_parts();

  std::vector<Listener> listeners_;
  std::vector<Listener> for_rewritten_;
};

}  // namespace canopy
