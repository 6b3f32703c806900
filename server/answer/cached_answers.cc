#include "server/answer/cached_answers.h"

#include <chrono>

namespace canopy {
namespace {

// Returns 0 when `then` is after `now`: the clock readings of two batches may
// be out of order.
std::uint32_t seconds_since(TimePoint then, TimePoint now) {
  if (now < then) return 0;
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now - then).count());
}

}  // namespace

const Said* CachedAnswers::find(const Resolution& resolution) {
  const AnswerCache::Found found =
      cache_.find(resolution.key, resolution.editions,
                  resolution.arrival.received, stored_);
  if (found != AnswerCache::Found::kCurrent &&
      (found != AnswerCache::Found::kOutdated || !holds_still(resolution))) {
    counters_.cache_misses.add();
    return nullptr;
  }
  counters_.cache_hits.add();
  const AnswerFacts& facts = stored_.facts();
  said_.answer = stored_.answer();
  said_.form = {};
  if (facts.origin == AnswerFacts::Origin::kZone) {
    said_.form.error =
        zones_.remark(resolution.looked_up, resolution.zones, Rcode::kNoError);
    return &said_;
  }
  said_.form.age = seconds_since(facts.stored, resolution.arrival.received);
  if (stored_.has_error()) add_error(resolution);
  return &said_;
}

bool CachedAnswers::holds_still(const Resolution& resolution) {
  counters_.cache_outdated.add();
  if (stored_.facts().origin == AnswerFacts::Origin::kZone ||
      !zones_.still_begins(stored_.answer(), resolution)) {
    return false;
  }
  cache_.restamp(resolution.key, resolution.editions.zones);
  return true;
}

// Adds the extended error that was cached with a stale answer, a cached failure
// or an upstream's answer.
void CachedAnswers::add_error(const Resolution& resolution) {
  error_ = naming_.told(stored_.error(), resolution.arrival.peer.address);
  said_.form.error = &error_;
  if (!error_.is_ours) return;
  (error_.code == InfoCode::kStaleAnswer ? counters_.cache_stale
                                         : counters_.cache_failures)
      .add();
}

bool CachedAnswers::takes_refresh(const CacheKey& key) {
  if (!cache_.take_refresh(key)) return false;
  counters_.cache_prefetches.add();
  return true;
}

void CachedAnswers::keep(const Resolution& resolution,
                         const EncodedAnswer& answer) {
  stored_.make_of_zone(answer, resolution.editions);
  cache_.insert(resolution.key, stored_);
}

}  // namespace canopy
