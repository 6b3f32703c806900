// A part of our questions that some upstreams do not take: EDNS, or random
// case.  It is left out for a while once questions with it failed and the same
// questions without it were answered.  Any thread; asking costs a load.
#pragma once

#include <atomic>

#include "server/forward/forward_timing.h"
#include "zones/time_point.h"

namespace canopy {

class OptionalPart {
 public:
  // Whether the next question has it.  While it is left out: true for one
  // caller each kLeaveOut, to see whether the upstream takes it by now.
  bool is_used(TimePoint now) {
    TimePoint until = left_out_until_.load(std::memory_order_relaxed);
    if (until == TimePoint()) return true;
    return now >= until &&
           left_out_until_.compare_exchange_strong(until, now + kLeaveOut);
  }
  // A question with it was answered at least once.
  bool is_proven() const {
    return failures_.load(std::memory_order_relaxed) < kFailures - 1;
  }

  // A question with it was answered well.
  void note_taken() {
    if (failures_.load(std::memory_order_relaxed) != 0) failures_ = 0;
    if (left_out_until_.load(std::memory_order_relaxed) != TimePoint()) {
      left_out_until_ = TimePoint();
    }
  }
  // A question with it failed and was answered without it.  True when it is
  // left out from now on, and was not before.
  bool note_not_taken(TimePoint now) {
    if (failures_.load() < kFailures && ++failures_ < kFailures) return false;
    return note_refused(now);
  }
  // The same, and certain.
  bool note_refused(TimePoint now) {
    failures_ = kFailures;
    return left_out_until_.exchange(now + kLeaveOut) == TimePoint();
  }

 private:
  // In a row, of an upstream that took it before; of another, the first is
  // enough.
  static constexpr int kFailures = 3;

  std::atomic<int> failures_{kFailures - 1};
  std::atomic<TimePoint> left_out_until_{TimePoint()};
};

}  // namespace canopy
