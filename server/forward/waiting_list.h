// The waiters of one worker, by ticket.  Grows to the largest number that
// waited at one time, and reuses the memory.  On one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "server/forward/forwarder.h"
#include "server/net/client.h"

namespace canopy {

class WaitingList {
 public:
  struct Place {
    Client client = kOurselves;
    std::unique_ptr<Forwarder::Waiter> waiter{};
  };
  // Identifies one waiter.  A place is reused; a ticket is not.
  struct Ticket {
    std::uint32_t place = 0;
    std::uint32_t turn = 0;  // how often the place was used
  };

  Ticket add(Place place) {
    if (free_.empty()) {
      places_.push_back({std::move(place)});
      return {static_cast<std::uint32_t>(places_.size() - 1)};
    }
    const std::uint32_t at = free_.back();
    free_.pop_back();
    places_[at].place = std::move(place);
    return {at, places_[at].turn};
  }

  // Null when the waiter was taken.
  Forwarder::Waiter* find(Ticket ticket) const {
    const Used& used = places_[ticket.place];
    return used.turn == ticket.turn ? used.place.waiter.get() : nullptr;
  }

  // REQUIRES: the waiter was not taken.
  Place take(Ticket ticket) {
    free_.push_back(ticket.place);
    Used& used = places_[ticket.place];
    ++used.turn;
    return std::exchange(used.place, {});
  }

 private:
  struct Used {
    Place place;
    std::uint32_t turn = 0;
  };
  std::vector<Used> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace canopy
