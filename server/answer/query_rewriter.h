// Applies a server block's rewrite rules to a query.  A pure function; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/plan/rewrites.h"
#include "zones/query.h"

namespace canopy {

// A query that rules changed, with all that its answer needs.
struct RewrittenQuery {
  // A rule that applied, and the name before and after it, as texts in lower
  // case (rewrite_rule.h).
  struct Step {
    const RewriteRule* rule;
    std::string before;
    std::string after;
  };

  Query asked;      // the client's
  Query looked_up;  // the same ID and flags
  std::vector<Step> steps;
  SharedRewrites rewrites;  // keeps the rules of `steps` alive
};

enum class RewriteOutcome : std::uint8_t {
  kUnchanged,  // no rule applied
  kRewritten,
  kBadName,  // a rule made a text that is not a domain name
};

// Tries each rule once, in order, until one without `continue` applies.  Sets
// `result` on kRewritten.
RewriteOutcome rewrite(const Query& query, const SharedRewrites& rewrites,
                       RewrittenQuery& result);

// The text of a name in the form of rewrite_rule.h.
std::string folded_text(NameView name);

}  // namespace canopy
