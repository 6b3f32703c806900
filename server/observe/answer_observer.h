// Counts queries and answers, and logs them if configured.  Called after each
// answer is sent.  On one worker's thread.
#pragma once

#include <array>
#include <cstdint>

#include "server/net/arrival.h"
#include "server/observe/query_counters.h"
#include "zones/query.h"

namespace canopy {

class AnswerObserver {
 public:
  AnswerObserver(QueryCounters& counters, bool log_queries)
      : counters_(counters), log_queries_(log_queries) {}

  void saw_question(RrType type, const Arrival& arrival) {
    counters_
        .queries[std::size_t(arrival.listener.tier)]
                [std::size_t(arrival.transport)][std::size_t(type_class(type))]
        .add();
  }
  // For a message that was not a valid query.
  void saw_refusal(Rcode rcode, const Arrival& arrival) {
    count(static_cast<std::uint16_t>(rcode), arrival);
  }
  void saw_answer(const Query& query, std::uint16_t rcode,
                  const Arrival& arrival) {
    count(rcode, arrival);
    if (log_queries_) log_answer(query, rcode);
  }

  // Answers made between these two calls belong to a batch.  end_batch() reads
  // the clock once and measures all of them.
  void begin_message() { in_message_ = true; }
  void end_message() { in_message_ = false; }
  void end_batch(TimePoint received);

 private:
  void count(std::uint16_t rcode, const Arrival& arrival) {
    const auto tier = std::size_t(arrival.listener.tier);
    counters_
        .responses[tier][std::size_t(arrival.transport)]
                  [std::size_t(rcode_class(rcode))]
        .add();
    if (in_message_) {
      ++in_batch_[tier];
    } else {
      count_duration(arrival.listener.tier, arrival.received, 1);
    }
  }
  static void log_answer(const Query& query, std::uint16_t rcode);
  void count_duration(Tier tier, TimePoint received, std::uint64_t answers);

  QueryCounters& counters_;
  const bool log_queries_;
  bool in_message_ = false;
  // Answers since the last end_batch, by tier.
  std::array<std::uint64_t, kTiers> in_batch_{};
};

}  // namespace canopy
