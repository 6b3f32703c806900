// A bounded number of places, each of which costs some octets of the memory
// budget.  A client gets a place only while ClientShares allow it both the
// place and the octets.  Not thread-safe.
#pragma once

#include "server/limits/memory_budget.h"

namespace canopy {

class PaidPlaces {
 public:
  PaidPlaces(std::size_t places, std::size_t octets_each, MemoryBudget& budget)
      : octets_each_(octets_each), budget_(budget), shares_(places) {}

  Admission take(Client client) {
    Admission admission = shares_.take(client);
    if (admission != Admission::kAdmitted) return admission;
    admission = budget_.take(client, octets_each_);
    if (admission != Admission::kAdmitted) shares_.give_back(client);
    return admission;
  }

  // REQUIRES: the client holds a place.
  void give_back(Client client) {
    budget_.give_back(client, octets_each_);
    shares_.give_back(client);
  }

  std::size_t used() const { return shares_.used(); }

 private:
  const std::size_t octets_each_;
  MemoryBudget& budget_;
  ClientShares shares_;
};

}  // namespace canopy
