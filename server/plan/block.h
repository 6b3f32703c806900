// The rules of a listener for queries below one domain.  Immutable; part of the
// Plan.
#pragma once

#include <optional>

#include "server/plan/cache_rules.h"
#include "server/plan/hosts_table.h"
#include "server/plan/own_texts.h"
#include "server/plan/template_rule.h"
#include "server/plan/upstream_group.h"
#include "zones/name.h"

namespace canopy {

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

  bool caches() const { return cache.has_value(); }
  bool forwards() const { return upstreams.has_value(); }

  friend bool operator==(const Block&, const Block&) = default;
};

}  // namespace canopy
