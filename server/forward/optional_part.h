// A part of our queries that some upstreams do not support: EDNS or random
// case.  The part is left out for a while after queries with it failed and the
// same queries without it were answered.  Any thread; is_used() costs a load.
#pragma once

#include <atomic>

#include "server/forward/forward_timing.h"
#include "zones/time_point.h"

namespace canopy {

class OptionalPart {
 public:
  // True when the next query should have the part.  While the part is left out,
  // one caller each kLeaveOut gets true, to test the upstream again.
  bool is_used(TimePoint now) {
    TimePoint until = left_out_until_.load(std::memory_order_relaxed);
    if (until == TimePoint()) return true;
    return now >= until &&
           left_out_until_.compare_exchange_strong(until, now + kLeaveOut);
  }
  // True when a query with the part was answered at least once.
  bool is_proven() const {
    return failures_.load(std::memory_order_relaxed) < kFailures - 1;
  }

  // A query with the part was answered without an error.
  void note_taken() {
    if (failures_.load(std::memory_order_relaxed) != 0) failures_ = 0;
    if (left_out_until_.load(std::memory_order_relaxed) != TimePoint()) {
      left_out_until_ = TimePoint();
    }
  }
  // A query with the part failed and was answered without it.  Returns true
  // when the part is left out from now on and was not before.
  bool note_not_taken(TimePoint now) {
    if (failures_.load() < kFailures && ++failures_ < kFailures) return false;
    return note_refused(now);
  }
  // Like note_not_taken(), but one call is enough.
  bool note_refused(TimePoint now) {
    failures_ = kFailures;
    return left_out_until_.exchange(now + kLeaveOut) == TimePoint();
  }

 private:
  // Failures in a row of an upstream that supported the part before.  If it
  // never did, one failure is enough.
  static constexpr int kFailures = 3;

  std::atomic<int> failures_{kFailures - 1};
  std::atomic<TimePoint> left_out_until_{TimePoint()};
};

}  // namespace canopy
