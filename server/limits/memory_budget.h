// The memory for everything that clients make us hold: connections, answers
// that wait to be sent, messages of which only a part is here, questions that
// wait for an upstream.  One number of octets for all workers, shared by client
// as ClientShares says.
//
// Any thread.  The lock is held for one look into a map; it is not taken for
// answers that a client reads at once.
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

  // All `octets`, if they are admitted, or none.
  Admission take(Client client, std::size_t octets) {
    const std::lock_guard lock(mutex_);
    return shares_.take(client, octets);
  }
  // REQUIRES: the client holds as many.
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

// What one buffer takes of a budget; given back with the lease.  Not for more
// than one thread at a time.
class MemoryLease {
 public:
  MemoryLease(MemoryBudget& budget, Client client)
      : budget_(budget), client_(client) {}
  ~MemoryLease() { shrink_to(0); }
  MemoryLease(const MemoryLease&) = delete;
  MemoryLease& operator=(const MemoryLease&) = delete;

  // False when the budget refuses: the lease stays as it was.
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
