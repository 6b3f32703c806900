// What one worker counts of one upstream, and of forwarding.  The worker
// writes, anyone reads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/net/address.h"
#include "server/observe/query_counters.h"

namespace canopy {

struct UpstreamCounters {
  Count asked;       // questions sent, repeats too
  Count answered;    // messages received that answer
  Count failures;    // errors, time-outs and answers to something else
  Count wrong_case;  // answers in another case: not taken
  // Had the id of a question, and were no proper answer to it: not taken.
  Count bad_messages;
  // Time from asking to answer; the last bucket is +Inf; not cumulative.
  std::array<Count, kDurationBounds.size() + 1> durations;
  Count duration_nanoseconds;
  Count round_trip_nanoseconds;  // smoothed, as it is now
};

struct ForwardCounters {
  Count asked;          // by clients
  Count joined;         // to an identical question under way
  Count unanswered;     // no upstream gave an answer
  Count over_share;     // not asked: the client had its share under way
  Count full;           // not asked: all places were taken
  Count same_question;  // not joined: the client waits for it too many times
  Count all_down;       // asked although all upstreams are down
};

// A plain copy, summed over workers.
struct UpstreamCounts {
  SocketAddress server;
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t failures = 0;
  std::uint64_t wrong_case = 0;
  std::uint64_t bad_messages = 0;
  std::array<std::uint64_t, kDurationBounds.size() + 1> durations{};
  std::uint64_t duration_nanoseconds = 0;
  std::uint64_t round_trip_nanoseconds = 0;  // the longest of any worker's
};

// How an upstream is doing for the names of a domain, for all workers.
struct UpstreamReport {
  SocketAddress server;
  std::string domain;  // "." for names of no stub domain
  bool is_up = true;
  bool is_loop = false;
  std::uint64_t changes = 0;
  std::uint64_t probes = 0;
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

  // Those of one server; zeros if there were none yet.
  UpstreamCounts& upstream(const SocketAddress& server);
};

void add(const UpstreamCounters& more, UpstreamCounts& sum);

}  // namespace canopy
