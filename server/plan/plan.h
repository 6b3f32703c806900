// Immutable rules for answering queries.  server/sources/plan_source.h decides
// which flags and files count, server/config/plan_compiler.h makes the Plan of
// them, plan_store.h publishes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "healthz/tier.h"
#include "server/net/address.h"
#include "server/plan/block.h"

namespace canopy {

// One tier: the addresses it listens on, and its rules for queries.
struct Listener {
  std::vector<Address> addresses{};     // empty: all IPv4 and IPv6 addresses
  std::optional<std::uint16_t> port{};  // nothing: off; 0: any free port
  std::string_view port_flag{};         // the flag that set it: "--dns-port"
  // Ordered by length of domain, longest first.  The last block is the root's;
  // Plan adds it.  The functions below REQUIRE it.
  std::vector<Block> blocks{};

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
  // A plan that refuses all queries.
  Plan() : Plan(Listener{}, Listener{}) {}
  // Blocks may be in any order.  If several have the same domain, the last one
  // counts.  Names without a block are refused.
  Plan(Listener cache, Listener zone);

  const Listener& listener(Tier tier) const {
    return listeners_[static_cast<std::size_t>(tier)];
  }
  // The listener whose blocks name upstreams.
  const Listener& forwarding() const { return listener(Tier::kCache); }

  friend bool operator==(const Plan&, const Plan&) = default;

 private:
  std::array<Listener, kTiers> listeners_;
};

}  // namespace canopy
