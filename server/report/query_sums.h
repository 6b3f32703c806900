// The names that the counters' classes have in metrics, and the sums of the
// counters over all workers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "server/observe/query_counters.h"
#include "server/workers/workers.h"

namespace canopy {

inline constexpr std::array<const char*, kTiers> kTierNames = {"cache", "zone"};
inline constexpr std::array<const char*, kTransports> kTransportNames = {"udp",
                                                                         "tcp"};
inline constexpr std::array<const char*, std::size_t(TypeClass::kCount)>
    kTypeNames = {"A",   "AAAA", "SRV", "PTR", "CNAME",
                  "TXT", "SOA",  "NS",  "ANY", "other"};
inline constexpr std::array<const char*, std::size_t(RcodeClass::kCount)>
    kRcodeNames = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                   "NOTIMP",  "REFUSED", "BADVERS",  "other"};

// Returns the sum over all workers of the counter that `count_of` selects: a
// function, or a member of QueryCounters.
template <typename CountOf>
std::uint64_t sum(const Workers& workers, CountOf count_of) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    total += std::invoke(count_of, workers.counters(i)).value();
  }
  return total;
}

// The request durations of one tier.
struct DurationSums {
  std::array<std::uint64_t, kDurationBounds.size() + 1> counts{};
  double seconds = 0;
};

inline DurationSums sum_durations(const Workers& workers, std::size_t tier) {
  DurationSums sums;
  for (std::size_t i = 0; i < sums.counts.size(); ++i) {
    sums.counts[i] =
        sum(workers, [&](const QueryCounters& counters) -> const Count& {
          return counters.durations[tier][i];
        });
  }
  sums.seconds = static_cast<double>(
                     sum(workers,
                         [&](const QueryCounters& counters) -> const Count& {
                           return counters.duration_nanoseconds[tier];
                         })) /
                 1e9;
  return sums;
}

}  // namespace canopy
