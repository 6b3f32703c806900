// Who waits for an answer, by ticket; tickets are used again.  On one thread.
#pragma once

#include <utility>
#include <vector>

#include "server/forwarder.h"

namespace canopy {

class WaitingList {
 public:
  std::size_t add(Forwarder::Done done) {
    ++size_;
    if (free_.empty()) {
      slots_.push_back(std::move(done));
      return slots_.size() - 1;
    }
    const std::size_t ticket = free_.back();
    free_.pop_back();
    slots_[ticket] = std::move(done);
    return ticket;
  }

  const Forwarder::Done& at(std::size_t ticket) const { return slots_[ticket]; }

  Forwarder::Done take(std::size_t ticket) {
    --size_;
    free_.push_back(ticket);
    return std::exchange(slots_[ticket], nullptr);
  }

  std::size_t size() const { return size_; }

 private:
  std::vector<Forwarder::Done> slots_;
  std::vector<std::size_t> free_;
  std::size_t size_ = 0;
};

}  // namespace canopy
