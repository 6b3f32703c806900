// Inquiries by the time they are to be looked at next, in steps of kTick: to
// add, move or remove one costs the same however many there are.  On one
// thread.
#pragma once

#include <array>
#include <list>
#include <memory>

#include "server/forward_timing.h"
#include "server/inquiry.h"

namespace canopy {

class DueWheel {
 public:
  // At its due() time, or a step later.
  void add(std::shared_ptr<Inquiry> inquiry) {
    const std::uint64_t due = std::max(step_of(inquiry->due()), looked_) + 1;
    List& slot = slots_[due % kSlots];
    Inquiry& added = *inquiry;
    added.slot = &slot;
    added.place = slot.insert(slot.end(), std::move(inquiry));
    ++size_;
  }

  void remove(Inquiry& inquiry) {
    if (inquiry.slot == nullptr) return;
    List& slot = *std::exchange(inquiry.slot, nullptr);
    slot.erase(inquiry.place);
    --size_;
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
      for (std::size_t n = slot.size(); n > 0 && !slot.empty(); --n) {
        const std::shared_ptr<Inquiry> inquiry = slot.front();
        if (inquiry->due() > now) {  // in a later round
          slot.splice(slot.end(), slot, slot.begin());
          continue;
        }
        remove(*inquiry);
        act(inquiry);
      }
    }
  }

  // None of them will call back any more.
  void abandon_all() {
    for (List& slot : slots_) {
      for (const auto& inquiry : slot) inquiry->abandon();
    }
  }

  bool empty() const { return size_ == 0; }

 private:
  using List = std::list<std::shared_ptr<Inquiry>>;

  static constexpr std::size_t kSlots = 128;  // a round is above kBudget

  static std::uint64_t step_of(TimePoint time) {
    return static_cast<std::uint64_t>(time.time_since_epoch() / kTick);
  }

  std::array<List, kSlots> slots_;
  std::uint64_t looked_ = 0;  // up to this step
  std::size_t size_ = 0;
};

}  // namespace canopy
