// What to do with queries, as immutable data.  Flags and the kube-dns ConfigMap
// are compiled to a Plan (server/config/plan_compiler.h); plan_store.h publishes it.
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

// One tier: where it listens, and what it does with what it hears.
struct Listener {
  std::vector<Address> addresses;     // empty: all, v4 and v6
  std::optional<std::uint16_t> port;  // nothing: off; 0: a free one
  std::string_view port_flag;         // who chose the port: "--dns-port"
  // The longest domain first; the last one is for all names.
  std::vector<Block> blocks;

  // The block of the longest domain that `qname` is in.
  const Block& block_for(NameView qname) const {
    return blocks.size() == 1 ? blocks.front() : longest_for(qname);
  }

  // Names outside our zones may be asked for here.
  bool forwards() const { return blocks.back().forwards(); }

  friend bool operator==(const Listener&, const Listener&) = default;

 private:
  const Block& longest_for(NameView qname) const;
};

class Plan {
 public:
  // Refuses everything.
  Plan() : Plan(Listener{}, Listener{}) {}
  // Blocks in any order; of several for one domain the last counts.  Names of
  // no block are refused.
  Plan(Listener cache, Listener zone);

  const Listener& listener(Tier tier) const {
    return listeners_[static_cast<std::size_t>(tier)];
  }
  // The blocks that name upstreams.
  const Listener& forwarding() const { return listener(Tier::kCache); }

  friend bool operator==(const Plan&, const Plan&) = default;

 private:
  std::array<Listener, kTiers> listeners_;
};

}  // namespace canopy
