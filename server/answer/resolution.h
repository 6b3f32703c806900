// One query on its way through the steps: the query that is looked up, how
// rules rewrote it, and the editions that apply.  Lives on the stack.  A query
// that waits for an upstream becomes a PausedQuestion.
#pragma once

#include <cstdint>

#include "cache/cache_key.h"
#include "cache/editions.h"
#include "server/answer/query_rewriter.h"
#include "server/net/arrival.h"
#include "server/plan/plan.h"
#include "zones/query.h"
#include "zones/zone_set.h"

namespace canopy {

struct Resolution {
  // `plan` is the edition of the plan that `heard_by` is part of.  For a
  // rewritten query, `heard_by` is the listener for it.
  Resolution(const Query& query, const Arrival& from, const Listener& heard_by,
             const ZoneSet& published, std::uint64_t plan)
      : looked_up(query),
        arrival(from),
        listener(heard_by),
        block(heard_by.block_for(query.qname)),
        zones(published),
        editions{published.serial(), plan},
        key(looked_up, heard_by.cache_part) {}

  // The client's query.
  const Query& asked() const {
    return rewritten ? rewritten->asked : looked_up;
  }

  const Query& looked_up;  // the query that the steps look up
  const Arrival& arrival;
  const Listener& listener;
  const Block& block;    // the listener's block for `looked_up`
  const ZoneSet& zones;  // the same for every step
  const Editions editions;
  const CacheKey key;  // key of `looked_up`
  // How rules made `looked_up`; null: it is the client's query.
  const RewrittenQuery* rewritten = nullptr;
};

}  // namespace canopy
