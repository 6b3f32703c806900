// Who waits for an answer, by ticket; tickets are used again.  On one thread.
#pragma once

#include <utility>
#include <vector>

#include "server/client.h"
#include "server/forwarder.h"

namespace canopy {

class WaitingList {
 public:
  struct Waiter {
    Client client = kOurselves;
    Forwarder::Done done;
  };

  std::size_t add(Waiter waiter) {
    if (free_.empty()) {
      slots_.push_back(std::move(waiter));
      return slots_.size() - 1;
    }
    const std::size_t ticket = free_.back();
    free_.pop_back();
    slots_[ticket] = std::move(waiter);
    return ticket;
  }

  const Waiter& at(std::size_t ticket) const { return slots_[ticket]; }

  Waiter take(std::size_t ticket) {
    free_.push_back(ticket);
    return std::exchange(slots_[ticket], {});
  }

 private:
  std::vector<Waiter> slots_;
  std::vector<std::size_t> free_;
};

}  // namespace canopy
