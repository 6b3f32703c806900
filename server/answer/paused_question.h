// A query that waits for an upstream, and the part of its answer that is
// already known.
#pragma once

#include <memory>

#include "cache/answer_copy.h"
#include "cache/cache_key.h"
#include "cache/stored_answer.h"
#include "server/answer/resolution.h"
#include "server/net/arrival.h"
#include "zones/query.h"

namespace canopy {

struct PausedQuestion {
  // `from` must outlive this.
  PausedQuestion(const Resolution& resolution, const Arrival& from)
      : asked(resolution.looked_up),
        arrival(from),
        provenance{.made_from = {.plan = resolution.editions.plan},
                   .asked = from.received} {}

  // Records that a zone took part in the answer.  The cache entry then depends
  // on that zone.
  void set_behind_zone(Serial published) {
    provenance.origin = AnswerFacts::Origin::kUpstreamBehindZone;
    provenance.made_from.zones = published;
  }
  // Keeps the zone's CNAMEs, which lead out of the zone to `target`.
  void set_chain(const EncodedAnswer& begun, NameView target) {
    chain = std::make_unique<Chain>();
    chain->begun.assign(begun);
    chain->target = asked;
    chain->target.qname = Name(target);
  }

  const Query& looked_up() const { return chain ? chain->target : asked; }

  struct Chain {
    AnswerCopy begun;
    Query target;
  };

  const Query asked;  // the client's query, after rewrite rules
  const Arrival& arrival;
  Provenance provenance;
  std::unique_ptr<Chain> chain;  // null: no chain
  // True when the client already has a stale answer, or when there is no
  // client.
  bool is_answered = false;
};

}  // namespace canopy
