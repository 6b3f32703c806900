#include "server/observe/upstream_counters.h"

#include <algorithm>
#include <numeric>

namespace canopy {

UpstreamCounts& ForwardCounts::upstream(const SocketAddress& server) {
  const auto found = std::find_if(
      upstreams.begin(), upstreams.end(),
      [&](const UpstreamCounts& counts) { return counts.server == server; });
  if (found != upstreams.end()) return *found;
  UpstreamCounts& added = upstreams.emplace_back();
  added.server = server;
  return added;
}

std::uint64_t AnswerTimesCounts::answers() const {
  return std::accumulate(durations.begin(), durations.end(), std::uint64_t{0});
}

void add(const UpstreamCounters& more, UpstreamCounts& sum) {
  sum.asked += more.asked.value();
  sum.failures += more.failures.value();
  sum.wrong_case += more.wrong_case.value();
  sum.bad_messages += more.bad_messages.value();
  for (std::size_t rcode = 0; rcode < sum.answers.size(); ++rcode) {
    const AnswerTimes& from = more.answers[rcode];
    AnswerTimesCounts& to = sum.answers[rcode];
    for (std::size_t i = 0; i < to.durations.size(); ++i) {
      to.durations[i] += from.durations[i].value();
    }
    to.nanoseconds += from.nanoseconds.value();
  }
  sum.round_trip_nanoseconds =
      std::max(sum.round_trip_nanoseconds, more.round_trip_nanoseconds.value());
}

}  // namespace canopy
