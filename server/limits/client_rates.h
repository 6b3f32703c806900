// Limits the queries of each client per second, with a burst of one second
// (--client-qps).  This is a generic cell rate algorithm (ITU-T I.371) in a
// table of fixed size.  A full table forgets the client that asked least
// recently; that client starts with a full burst again.  Spoofed sources thus
// loosen the limit but lock nobody out.  Any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "server/net/client.h"
#include "zones/time_point.h"

namespace canopy {

class ClientRates {
 public:
  // Clients in `free` are not limited; our own probes come from there.
  // REQUIRES: qps > 0.
  ClientRates(std::uint32_t qps, std::vector<Client> free);

  // Counts one query.  Returns false when it exceeds the limit.
  bool admits(Client client, TimePoint now);

 private:
  static constexpr std::size_t kSets = 4096;
  static constexpr std::size_t kWays = 4;

  struct Slot {
    std::atomic<Client> client{kOurselves};
    // The time at which the queries so far are used up at the allowed rate, in
    // nanoseconds of the steady clock.
    std::atomic<std::int64_t> due{0};
  };
  using Set = std::array<Slot, kWays>;

  Slot& slot_of(Client client);

  const std::int64_t interval_;
  const std::vector<Client> free_;
  const std::uint64_t seed_;  // random, so that no client can aim at a set
  std::vector<Set> sets_;
};

}  // namespace canopy
