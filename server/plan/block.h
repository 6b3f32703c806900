// The rules of a listener for queries below one domain.  Immutable; part of the
// Plan.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "server/plan/cache_rules.h"
#include "server/plan/hosts_table.h"
#include "server/plan/own_texts.h"
#include "server/plan/template_rule.h"
#include "server/plan/upstream_group.h"
#include "zones/name.h"

namespace canopy {

struct Rewrites;

// Rules that successive plans share.  Null: none.
struct SharedRewrites {
  std::shared_ptr<const Rewrites> rules{};
  // The listener for rewritten queries (Plan::numbered()).  Plan sets it.
  std::uint8_t listener = 0;

  explicit operator bool() const { return rules != nullptr; }
  const Rewrites* operator->() const { return rules.get(); }

  // Equal when both have equal rules or none.
  friend bool operator==(const SharedRewrites& a, const SharedRewrites& b);
};

struct Block {
  // The block covers this domain and all names below it.  The root covers all
  // names.
  Name domain;
  // True when the zones answer first.  False for a stub domain inside the
  // cluster's domain: the longest match wins, as in dnsmasq.
  bool serves_zones = true;
  // Names that are answered before the zones are asked.  Null: none.
  SharedHosts hosts{};
  // Nothing: answers do not come from the cache and are not cached.
  std::optional<CacheRules> cache{};
  // The servers for names that no zone has.  Nothing: refuse such queries.
  std::optional<UpstreamGroup> upstreams{};
  OwnTexts own{};
  // They answer before hosts files and zones.  Null: none.
  SharedTemplates templates{};

  // Change queries before the lookup, and their answers back.
  SharedRewrites rewrites{};

  bool caches() const { return cache.has_value(); }
  bool forwards() const { return upstreams.has_value(); }

  friend bool operator==(const Block&, const Block&) = default;
};

}  // namespace canopy
