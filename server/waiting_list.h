// Who waits for an answer, by ticket; tickets are used again.  On one thread.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "server/client.h"
#include "server/forwarder.h"

namespace canopy {

class WaitingList {
 public:
  struct Place {
    Client client = kOurselves;
    std::unique_ptr<Forwarder::Waiter> waiter{};
  };

  std::size_t add(Place place) {
    if (free_.empty()) {
      places_.push_back(std::move(place));
      return places_.size() - 1;
    }
    const std::size_t ticket = free_.back();
    free_.pop_back();
    places_[ticket] = std::move(place);
    return ticket;
  }

  Forwarder::Waiter& at(std::size_t ticket) const {
    return *places_[ticket].waiter;
  }

  Place take(std::size_t ticket) {
    free_.push_back(ticket);
    return std::exchange(places_[ticket], {});
  }

 private:
  std::vector<Place> places_;
  std::vector<std::size_t> free_;
};

}  // namespace canopy
