#include "server/observe/answer_observer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "healthz/log.h"

namespace canopy {

void AnswerObserver::log_answer(const Query& query, std::uint16_t rcode) {
  log_info("query {} {} {}", query.qname.to_text(), to_text(query.qtype),
           to_text(Rcode{rcode}));
}

void AnswerObserver::end_batch(TimePoint received) {
  for (const Tier tier : {Tier::kCache, Tier::kZone}) {
    const std::uint64_t answers =
        std::exchange(in_batch_[std::size_t(tier)], 0);
    if (answers > 0) count_duration(tier, received, answers);
  }
}

void AnswerObserver::count_duration(Tier tier, TimePoint received,
                                    std::uint64_t answers) {
  const auto took = std::chrono::steady_clock::now() - received;
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket = std::ranges::lower_bound(kDurationBounds, seconds);
  const auto index = std::size_t(tier);
  counters_.durations[index][std::size_t(bucket - kDurationBounds.begin())].add(
      answers);
  counters_.duration_nanoseconds[index].add(
      static_cast<std::uint64_t>(took.count()) * answers);
}

}  // namespace canopy
