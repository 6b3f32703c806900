#include "server/observe/upstream_counters.h"

#include <algorithm>

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

void add(const UpstreamCounters& more, UpstreamCounts& sum) {
  sum.asked += more.asked.value();
  sum.answered += more.answered.value();
  sum.failures += more.failures.value();
  sum.wrong_case += more.wrong_case.value();
  sum.bad_messages += more.bad_messages.value();
  for (std::size_t i = 0; i < sum.durations.size(); ++i) {
    sum.durations[i] += more.durations[i].value();
  }
  sum.duration_nanoseconds += more.duration_nanoseconds.value();
  sum.round_trip_nanoseconds =
      std::max(sum.round_trip_nanoseconds, more.round_trip_nanoseconds.value());
}

}  // namespace canopy
