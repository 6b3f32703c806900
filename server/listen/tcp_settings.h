// Limits on TCP clients, and the count of connections that all workers share.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "server/limits/paid_places.h"

namespace canopy {

struct TcpSettings {
  // A connection is closed after this long without a whole message or progress
  // in sending (RFC 7766 6.2.3).
  std::chrono::milliseconds idle_timeout{10'000};
  // For all workers; each client may have a share.
  std::size_t max_connections = 1000;
  // Limit on unanswered queries of one connection; then it is not read.
  std::size_t max_in_flight = 128;
  // A connection whose descriptor is this or higher is closed at once.  Higher
  // descriptors are reserved for upstreams, the health port and files.
  std::size_t max_descriptor = SIZE_MAX;
};

// The cost of a connection in the memory budget: a session, its place in the
// reactor, and TcpInput::kPrepaid.
inline constexpr std::size_t kConnectionOctets = 6 << 10;

// The number of open connections in the process.  Any thread.
class TcpConnectionCount {
 public:
  TcpConnectionCount(std::size_t limit, MemoryBudget& budget)
      : places_(limit, kConnectionOctets, budget) {}

  Admission take(Client client) {
    const std::lock_guard lock(mutex_);
    return places_.take(client);
  }
  void give_back(Client client) {
    const std::lock_guard lock(mutex_);
    places_.give_back(client);
  }
  std::size_t open() const {
    const std::lock_guard lock(mutex_);
    return places_.used();
  }

 private:
  mutable std::mutex mutex_;  // guards places_
  PaidPlaces places_;
};

}  // namespace canopy
