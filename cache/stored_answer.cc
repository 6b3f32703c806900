#include "cache/stored_answer.h"

#include "cache/ttl_rules.h"

namespace canopy {

void StoredAnswer::make_of_zone(const EncodedAnswer& answer,
                                const Editions& made_from) {
  assign(answer);
  facts_ = {.origin = AnswerFacts::Origin::kZone, .made_from = made_from};
}

void StoredAnswer::make_of_upstream(const EncodedAnswer& answer,
                                    const Provenance& from,
                                    std::chrono::seconds lifetime,
                                    bool is_positive) {
  assign(answer);
  const TimePoint expires = from.asked + lifetime;
  facts_ = {
      .origin = from.origin,
      .made_from = from.made_from,
      .stored = from.asked,
      .expires = expires,
      .usable_until = expires + (is_positive ? kMaxStale : kMaxNegativeStale)};
  const auto last_part = refresh_before_end(lifetime);
  // No refresh if a zone had a part in the answer: the zone may change by then.
  if (last_part && !facts_.depends_on_zone()) {
    facts_.refresh = expires - *last_part;
  }
}

void StoredAnswer::make_failure(const EncodedAnswer& answer,
                                const Provenance& from,
                                std::chrono::nanoseconds waited) {
  assign(answer);
  facts_ = {.origin = from.origin,
            .made_from = from.made_from,
            .stored = from.asked,
            // Counted from the failure, or a slow one would expire at once.
            .expires = from.asked + waited + kFailureLifetime};
}

void StoredAnswer::make_stale(Serial zones, TimePoint now) {
  set_ttls(kStaleTtl);
  if (facts_.depends_on_zone()) facts_.made_from.zones = zones;
  facts_.stored = now;
  facts_.expires = now + kStaleRecheck;
  facts_.refresh = TimePoint::max();
}

}  // namespace canopy
