// The counters of one worker.  Only the worker writes, with plain loads and
// stores; any thread may read.  A query touches no shared cache line and needs
// no locked instruction.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "healthz/tier.h"
#include "zones/rr_types.h"

namespace canopy {

// A counter with a single writer.
class Count {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Query types that are counted separately, and all others.
enum class TypeClass : std::uint8_t {
  kA,
  kAaaa,
  kSrv,
  kPtr,
  kCname,
  kTxt,
  kSoa,
  kNs,
  kAny,
  kOther,
  kCount
};
// Response codes 0 to 5, BADVERS, and all others.
enum class RcodeClass : std::uint8_t {
  kNoError,
  kFormErr,
  kServFail,
  kNxDomain,
  kNotImp,
  kRefused,
  kBadVers,
  kOther,
  kCount
};

inline TypeClass type_class(RrType type) {
  switch (type) {
    case RrType::kA:
      return TypeClass::kA;
    case RrType::kAaaa:
      return TypeClass::kAaaa;
    case RrType::kSrv:
      return TypeClass::kSrv;
    case RrType::kPtr:
      return TypeClass::kPtr;
    case RrType::kCname:
      return TypeClass::kCname;
    case RrType::kTxt:
      return TypeClass::kTxt;
    case RrType::kSoa:
      return TypeClass::kSoa;
    case RrType::kNs:
      return TypeClass::kNs;
    case RrType::kAny:
      return TypeClass::kAny;
    default:
      return TypeClass::kOther;
  }
}

inline RcodeClass rcode_class(std::uint16_t rcode) {
  if (rcode <= 5) return RcodeClass{static_cast<std::uint8_t>(rcode)};
  if (rcode == static_cast<std::uint16_t>(Rcode::kBadVers)) {
    return RcodeClass::kBadVers;
  }
  return RcodeClass::kOther;
}

// Request durations: upper bounds in seconds, then infinity.
inline constexpr std::array<double, 12> kDurationBounds = {
    0.000005, 0.00002, 0.0001, 0.00025, 0.001, 0.004,
    0.016,    0.064,   0.256,  1,       4,     8};

struct alignas(64) QueryCounters {
  // [tier][transport][type class]
  std::array<std::array<std::array<Count, std::size_t(TypeClass::kCount)>,
                        kTransports>,
             kTiers>
      queries;
  // [tier][transport][rcode class]
  std::array<std::array<std::array<Count, std::size_t(RcodeClass::kCount)>,
                        kTransports>,
             kTiers>
      responses;
  // [tier][bucket], the last is +Inf; not cumulative
  std::array<std::array<Count, kDurationBounds.size() + 1>, kTiers> durations;
  std::array<Count, kTiers> duration_nanoseconds;

  Count cache_hits;
  Count cache_misses;
  Count cache_outdated;  // found, but older than the published zone
  Count cache_stale;     // answered with an expired answer
  Count cache_failures;  // answered with a cached failure
  Count cache_prefetches;
  Count template_answers;   // of a rule that matched
  Count template_failures;  // answered SERVFAIL
  Count dropped;            // not answerable: responses, incomplete headers
  Count malformed;          // answered FORMERR
  Count truncated;          // sent with TC
  Count oversized;          // above 65,535 octets: a subset was sent
  Count turned_away;        // above --client-qps
  Count send_failures;      // the kernel refused the reply
  Count tcp_connections;
  Count tcp_over_share;  // refused: the client used its share
  Count tcp_full;        // refused: all connections in use
  Count tcp_idle_closed;
  // Connections that were closed because the memory budget refused room:
  Count tcp_shed_answers;    // for answers that the client does not read
  Count tcp_shed_questions;  // for the rest of an incomplete message
};

}  // namespace canopy
