// A question that waits for an upstream.  Of use to query_handler*.cc only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "cache/cache_key.h"
#include "cache/stored_answer.h"
#include "server/forwarder.h"
#include "server/query_handler.h"
#include "server/recycled.h"
#include "server/reply.h"
#include "zones/query.h"

namespace canopy {

struct QueryHandler::Pending final : public Forwarder::Waiter,
                                     public Recycled<Pending> {
  Pending(QueryHandler& asks, const Query& from, const Reply& to)
      : handler(asks), query(from), reply(to) {}

  // A zone had a part in it: what is kept depends on that.
  void set_behind_zone(Serial published) {
    origin = AnswerFacts::Origin::kUpstreamBehindZone;
    serial = published;
  }
  void on_outcome(const SharedOutcome& outcome) override {
    handler.finish(*this, outcome);
  }
  const Query& asked() const { return chain ? chain->target : query; }
  // Made when it is needed: thousands may wait, and it is large.
  CacheKey key() const { return CacheKey(query); }

  // CNAMEs that led out of the zone, and what they led to.
  struct Chain {
    StoredAnswer begun;
    Query target;
  };

  QueryHandler& handler;
  const Query query;  // the client's
  const Reply reply;
  AnswerFacts::Origin origin = AnswerFacts::Origin::kUpstream;
  Serial serial = 0;
  std::unique_ptr<Chain> chain;  // nothing when none did
  std::uint64_t upstreams = 0;   // edition
  // The client has a stale answer already, or there is no client.
  bool is_answered = false;
};

}  // namespace canopy
