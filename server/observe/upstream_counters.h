// The counters of one worker for each upstream and for forwarding.  The worker
// writes; any thread reads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/net/address.h"
#include "server/observe/query_counters.h"

namespace canopy {

// The answers with response codes of one class, by time from query to answer.
struct AnswerTimes {
  // The last bucket is +Inf; not cumulative.
  std::array<Count, kDurationBounds.size() + 1> durations;
  Count nanoseconds;
};

struct UpstreamCounters {
  Count asked;       // queries sent, including retries
  Count failures;    // errors, time-outs and answers to other queries
  Count wrong_case;  // UDP answers in another case, not used
  // Messages with the ID of a query that were not a proper answer; not used.
  Count bad_messages;
  std::array<AnswerTimes, std::size_t(RcodeClass::kCount)> answers;
  Count round_trip_nanoseconds;  // smoothed current value
};

struct ForwardCounters {
  Count asked;          // queries of clients
  Count joined;         // joined an identical query in flight
  Count unanswered;     // no upstream gave an answer
  Count over_share;     // refused: the client used its share
  Count full;           // refused: all places in use
  Count same_question;  // refused: too many waiters of one client
  Count all_down;       // asked although all upstreams are down
};

// Plain copies of the counters, summed over workers.
struct AnswerTimesCounts {
  std::array<std::uint64_t, kDurationBounds.size() + 1> durations{};
  std::uint64_t nanoseconds = 0;

  std::uint64_t answers() const;
};

struct UpstreamCounts {
  SocketAddress server;
  std::uint64_t asked = 0;
  std::uint64_t failures = 0;
  std::uint64_t wrong_case = 0;
  std::uint64_t bad_messages = 0;
  // By RcodeClass.
  std::array<AnswerTimesCounts, std::size_t(RcodeClass::kCount)> answers{};
  std::uint64_t round_trip_nanoseconds = 0;  // highest of all workers
};

// The health of one upstream for the names of one domain, for all workers.
struct UpstreamReport {
  SocketAddress server;
  std::string domain;  // "." if not a stub domain
  bool is_up = true;
  bool is_loop = false;
  std::uint64_t changes = 0;
  std::uint64_t probes = 0;
  std::uint64_t failed_checks = 0;
};

struct ForwardCounts {
  std::uint64_t asked = 0;
  std::uint64_t joined = 0;
  std::uint64_t unanswered = 0;
  std::uint64_t over_share = 0;
  std::uint64_t full = 0;
  std::uint64_t same_question = 0;
  std::uint64_t all_down = 0;
  std::vector<UpstreamCounts> upstreams;
  std::vector<UpstreamReport> health;

  // Returns the counts of one server, which are zero at first.
  UpstreamCounts& upstream(const SocketAddress& server);
};

void add(const UpstreamCounters& more, UpstreamCounts& sum);

}  // namespace canopy
