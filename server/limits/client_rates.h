// Limits each client to a number of queries a second, with a burst of one
// second (--client-qps).  A generic cell rate algorithm (ITU-T I.371) in a
// table of fixed size.  When the table is full, the client that asked least
// recently is forgotten, and starts with a full burst again: forged sources
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
  // `free` are not limited: where our own probes come from.
  // REQUIRES: qps > 0.
  ClientRates(std::uint32_t qps, std::vector<Client> free);

  // Counts one question.  False when it is one too many.
  bool admits(Client client, TimePoint now);

 private:
  static constexpr std::size_t kSets = 4096;
  static constexpr std::size_t kWays = 4;

  struct Slot {
    std::atomic<Client> client{kOurselves};
    // When the questions so far would have been asked at the rate allowed, in
    // nanoseconds of the steady clock.
    std::atomic<std::int64_t> due{0};
  };
  using Set = std::array<Slot, kWays>;

  Slot& slot_of(Client client);

  const std::int64_t interval_;
  const std::vector<Client> free_;
  const std::uint64_t seed_;  // so that nobody can aim at a set
  std::vector<Set> sets_;
};

}  // namespace canopy
