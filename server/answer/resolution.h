// A question on its way through the steps: what was asked, what is looked up
// for it, and against which editions.  On the stack; what waits for an upstream
// is a PausedQuestion.
#pragma once

#include <cstdint>

#include "cache/cache_key.h"
#include "cache/editions.h"
#include "server/net/arrival.h"
#include "server/plan/plan.h"
#include "zones/query.h"
#include "zones/zone_set.h"

namespace canopy {

struct Resolution {
  // `plan` is the edition of the listener's plan.
  Resolution(const Query& query, const Arrival& from, const Listener& heard_by,
             const ZoneSet& published, std::uint64_t plan)
      : asked(query),
        looked_up(query),
        arrival(from),
        listener(heard_by),
        block(heard_by.block_for(query.qname)),
        zones(published),
        editions{published.serial(), plan},
        key(looked_up) {}

  const Query& asked;      // what the client is answered
  const Query& looked_up;  // what the steps look for
  const Arrival& arrival;
  const Listener& listener;
  const Block& block;    // the listener's for what is asked
  const ZoneSet& zones;  // the same for every step
  const Editions editions;
  const CacheKey key;  // of what is looked up
};

}  // namespace canopy
