// An answer as it goes into the cache and comes out, with how long it may be
// used and why.  Each kind of answer has its maker here; nothing else sets
// those facts.  A value, whose memory serves again; one thread at a time.
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
    kZone,      // current while its zones are the published ones
    kUpstream,  // lives by its TTL
    // Lives by its TTL, but a zone said where to look: a CNAME that led out
    // of it, or a fall-through zone that lacked the name.
    kUpstreamBehindZone,
  };

  Origin origin = Origin::kZone;
  Editions made_from{};
  TimePoint stored{};   // what TTLs count from
  TimePoint expires{};  // kZone: never reached
  // Of upstreams' answers.  Asked for from here on, it is worth fetching again
  // before it expires:
  TimePoint refresh = TimePoint::max();
  // Behind `expires`, but before this, it is better than no answer:
  TimePoint usable_until{};

  bool depends_on_zone() const { return origin != Origin::kUpstream; }
};

// Where an upstream's answer comes from.
struct Provenance {
  AnswerFacts::Origin origin = AnswerFacts::Origin::kUpstream;
  Editions made_from{};  // when it was asked for
  // TTLs count from the question: the answer is no younger than that.
  TimePoint asked{};
};

class StoredAnswer : public AnswerCopy {
 public:
  const AnswerFacts& facts() const { return facts_; }
  // Better than no answer, whatever its TTLs say (RFC 8767).
  bool is_usable(TimePoint now) const { return now < facts_.usable_until; }

  // What a zone says, whole.
  void make_of_zone(const EncodedAnswer& answer, const Editions& made_from);
  // What an upstream says; of it TTLs age, of what a zone began they do not.
  void make_of_upstream(const EncodedAnswer& answer, const Provenance& from,
                        std::chrono::seconds lifetime, bool is_positive);
  // A failure is remembered for a moment, so that it is not had again at once
  // (RFC 9520).  Never stale: others wait for it too.
  void make_failure(const EncodedAnswer& answer, const Provenance& from,
                    std::chrono::nanoseconds waited);
  // REQUIRES: is_usable(), and its zone, if any, still says the same.  It is
  // told for a while longer, before upstreams are tried again (RFC 8767).
  void make_stale(Serial zones, TimePoint now);

 private:
  friend class AnswerCache;

  AnswerFacts facts_;
};

}  // namespace canopy
