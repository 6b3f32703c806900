// One memory budget for all data held for clients: connections, answers that
// wait to be sent, incomplete messages, and queries that wait for an upstream.
// All workers share one number of octets; ClientShares divides it among
// clients.
//
// Any thread.  The lock is held for one map lookup.  Answers that a client
// reads at once do not take it.
#pragma once

#include <cstddef>
#include <mutex>

#include "server/limits/client_shares.h"

namespace canopy {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t octets) : shares_(octets) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes all `octets` if they are admitted, otherwise none.
  Admission take(Client client, std::size_t octets) {
    const std::lock_guard lock(mutex_);
    return shares_.take(client, octets);
  }
  // REQUIRES: the client holds at least `octets`.
  void give_back(Client client, std::size_t octets) {
    const std::lock_guard lock(mutex_);
    shares_.give_back(client, octets);
  }

  std::size_t octets() const { return shares_.total(); }
  std::size_t used() const {
    const std::lock_guard lock(mutex_);
    return shares_.used();
  }

 private:
  mutable std::mutex mutex_;  // guards shares_
  ClientShares shares_;
};

// The octets that one buffer takes from a budget.  The destructor gives them
// back.  Not thread-safe.
class MemoryLease {
 public:
  MemoryLease(MemoryBudget& budget, Client client)
      : budget_(budget), client_(client) {}
  ~MemoryLease() { shrink_to(0); }
  MemoryLease(const MemoryLease&) = delete;
  MemoryLease& operator=(const MemoryLease&) = delete;

  // Returns false and changes nothing when the budget refuses.
  bool grow_to(std::size_t octets) {
    if (octets <= octets_) return true;
    if (budget_.take(client_, octets - octets_) != Admission::kAdmitted) {
      return false;
    }
    octets_ = octets;
    return true;
  }
  void shrink_to(std::size_t octets) {
    if (octets >= octets_) return;
    budget_.give_back(client_, octets_ - octets);
    octets_ = octets;
  }
  std::size_t octets() const { return octets_; }

 private:
  MemoryBudget& budget_;
  const Client client_;
  std::size_t octets_ = 0;
};

}  // namespace canopy
