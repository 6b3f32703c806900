// Holds fetches by the time of their next check, in steps of kTick.  Adding and
// removing cost the same for any number of fetches.  Keeps a reference to each
// fetch in it.  On one thread.
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

  // The fetch becomes due at its due() time, or one step later.  REQUIRES: it
  // is in no wheel.
  void add(Fetch& fetch) {
    const std::uint64_t due = std::max(step_of(fetch.due()), looked_) + 1;
    slots_[due % kSlots].push_back(fetch);
    intrusive_ptr_add_ref(&fetch);
    ++size_;
  }

  // Destroys the fetch if this was the last reference.
  void remove(Fetch& fetch) {
    if (!fetch.is_linked()) return;
    fetch.unlink();
    --size_;
    intrusive_ptr_release(&fetch);
  }

  // Removes all fetches that are due and passes each to `act`, which may add
  // fetches again.
  template <typename Act>
  void take_due(TimePoint now, Act act) {
    const std::uint64_t step = step_of(now);
    // After a long pause, one look at each slot is enough.
    if (step > looked_ + kSlots) looked_ = step - kSlots;
    while (looked_ < step) {
      List& slot = slots_[++looked_ % kSlots];
      List looked_at;
      looked_at.swap(slot);
      while (!looked_at.empty()) {
        const FetchPtr fetch(&looked_at.front());
        if (fetch->due() > now) {  // due in a later round
          slot.splice(slot.end(), looked_at, looked_at.begin());
          continue;
        }
        remove(*fetch);
        act(*fetch);
      }
    }
  }

  // Their callbacks will not be called any more.
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

  static constexpr std::size_t kSlots = 128;  // one round > kBudget

  static std::uint64_t step_of(TimePoint time) {
    return static_cast<std::uint64_t>(time.time_since_epoch() / kTick);
  }

  std::array<List, kSlots> slots_;
  std::uint64_t looked_ = 0;  // the last step that was processed
  std::size_t size_ = 0;
};

}  // namespace canopy
