// A cached answer, with its lifetime and origin.  There is one make_ function
// for each kind of answer, and only these set the facts.  A value with reusable
// memory; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>

#include "cache/answer_copy.h"
#include "cache/editions.h"
#include "zones/time_point.h"

namespace canopy {

// The properties of a cached answer, besides its octets.
struct AnswerFacts {
  enum class Origin : std::uint8_t {
    kZone,      // current while its zones are published
    kUpstream,  // expires by its TTL
    // Expires by its TTL, but a zone led to the upstream: by a CNAME that left
    // the zone, or as a fall-through zone that lacked the name.
    kUpstreamBehindZone,
  };

  Origin origin = Origin::kZone;
  Editions made_from{};
  TimePoint stored{};   // TTLs count from this time
  TimePoint expires{};  // kZone: never reached
  // For upstreams' answers: a query at or after this time triggers a refresh
  // before the answer expires.
  TimePoint refresh = TimePoint::max();
  // From `expires` until this time the answer is usable as a stale answer.
  TimePoint usable_until{};

  bool depends_on_zone() const { return origin != Origin::kUpstream; }
};

// The origin of an upstream's answer.
struct Provenance {
  AnswerFacts::Origin origin = AnswerFacts::Origin::kUpstream;
  Editions made_from{};  // the editions when the query was sent
  // When the client's query was received.  TTLs count from this time, because
  // the answer cannot be older.
  TimePoint asked{};
};

class StoredAnswer : public AnswerCopy {
 public:
  const AnswerFacts& facts() const { return facts_; }
  // True when the answer may be served, even if stale (RFC 8767).
  bool is_usable(TimePoint now) const { return now < facts_.usable_until; }

  // Stores a zone's complete answer.
  void make_of_zone(const EncodedAnswer& answer, const Editions& made_from);
  // Stores an upstream's answer.  Its TTLs age; those of a zone's own answer do
  // not.
  void make_of_upstream(const EncodedAnswer& answer, const Provenance& from,
                        std::chrono::seconds lifetime, bool is_positive);
  // Stores a failure briefly, so that the failed fetch is not repeated at once
  // (RFC 9520).  A failure is never served stale.  `waited` is the time from
  // the query to the failure.
  void make_failure(const EncodedAnswer& answer, const Provenance& from,
                    std::chrono::nanoseconds waited);
  // Makes the answer a stale answer, which is served for a while before
  // upstreams are tried again (RFC 8767).  REQUIRES: is_usable(), and the zone
  // that led to the upstream, if any, still gives the same answer.
  void make_stale(Serial zones, TimePoint now);

 private:
  friend class AnswerCache;

  AnswerFacts facts_;
};

}  // namespace canopy
