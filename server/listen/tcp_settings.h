// Limits on TCP clients, and the count of connections that all workers share.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "server/limits/paid_places.h"

namespace canopy {

struct TcpSettings {
  // Without a whole message or progress in sending for so long, a connection
  // is closed (RFC 7766 6.2.3).
  std::chrono::milliseconds idle_timeout{10'000};
  // Over all workers; a client may have its share of them.
  std::size_t max_connections = 1000;
  // Questions of one connection under way; then it is read no further.
  std::size_t max_in_flight = 128;
  // A connection whose descriptor is this or higher is closed at once, so that
  // others find some: upstreams, the health port, files.
  std::size_t max_descriptor = SIZE_MAX;
};

// What a connection takes of the budget: a session, its place in the reactor
// and TcpInput::kPrepaid.
inline constexpr std::size_t kConnectionOctets = 6 << 10;

// Connections open in the process.  Any thread.
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
