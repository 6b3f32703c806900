// Fetches by the time they are to be looked at next, in steps of kTick: to
// add or remove one costs the same however many there are.  It holds on to
// those that are in it.  On one thread.
#pragma once

#include <algorithm>
#include <array>
#include <boost/intrusive/list.hpp>

#include "server/forward/fetch.h"
#include "server/forward/forward_timing.h"
#include "zones/time_point.h"

namespace canopy {

class TimingWheel {
 public:
  TimingWheel() = default;
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;
  ~TimingWheel() {
    for (List& slot : slots_) {
      while (!slot.empty()) remove(slot.front());
    }
  }

  // At its due() time, or a step later.  REQUIRES: it is in no wheel.
  void add(Fetch& fetch) {
    const std::uint64_t due = std::max(step_of(fetch.due()), looked_) + 1;
    slots_[due % kSlots].push_back(fetch);
    intrusive_ptr_add_ref(&fetch);
    ++size_;
  }

  // Maybe its end, if nobody else holds on to it.
  void remove(Fetch& fetch) {
    if (!fetch.is_linked()) return;
    fetch.unlink();
    --size_;
    intrusive_ptr_release(&fetch);
  }

  // Takes out all that are due, and hands each to `act`, which may add it, or
  // others, again.
  template <typename Act>
  void take_due(TimePoint now, Act act) {
    const std::uint64_t step = step_of(now);
    // After a pause each slot once is enough.
    if (step > looked_ + kSlots) looked_ = step - kSlots;
    while (looked_ < step) {
      List& slot = slots_[++looked_ % kSlots];
      List looked_at;
      looked_at.swap(slot);
      while (!looked_at.empty()) {
        const FetchPtr fetch(&looked_at.front());
        if (fetch->due() > now) {  // in a later round
          slot.splice(slot.end(), looked_at, looked_at.begin());
          continue;
        }
        remove(*fetch);
        act(*fetch);
      }
    }
  }

  // None of them will call back any more.
  void abandon_all() {
    for (List& slot : slots_) {
      for (Fetch& fetch : slot) fetch.abandon();
    }
  }

  bool empty() const { return size_ == 0; }

 private:
  using List =
      boost::intrusive::list<Fetch, boost::intrusive::base_hook<DueHook>,
                             boost::intrusive::constant_time_size<false>>;

  static constexpr std::size_t kSlots = 128;  // a round is above kBudget

  static std::uint64_t step_of(TimePoint time) {
    return static_cast<std::uint64_t>(time.time_since_epoch() / kTick);
  }

  std::array<List, kSlots> slots_;
  std::uint64_t looked_ = 0;  // up to this step
  std::size_t size_ = 0;
};

}  // namespace canopy
