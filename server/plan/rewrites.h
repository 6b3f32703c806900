// The rules of a server block's directives rewrite.  Immutable; part of the
// Plan.
#pragma once

#include <cstddef>
#include <vector>

#include "server/plan/block.h"
#include "server/plan/rewrite_rule.h"

namespace canopy {

struct Rewrites {
  // The most rules of a server block: a query is compared with each once.
  static constexpr std::size_t kMostRules = 100;

  std::vector<RewriteRule> rules;  // in the order of the Corefile
  // The rules for rewritten queries: those of the same server block, for all
  // names, as in CoreDNS.  They have no `rewrites`.
  std::vector<Block> blocks;

  friend bool operator==(const Rewrites&, const Rewrites&) = default;
};

}  // namespace canopy
