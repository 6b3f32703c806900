#include "server/observe/answer_observer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "healthz/log.h"

namespace canopy {
namespace {

TypeClass type_class(RrType type) {
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

RcodeClass rcode_class(std::uint16_t rcode) {
  if (rcode <= 5) return RcodeClass{static_cast<std::uint8_t>(rcode)};
  if (rcode == static_cast<std::uint16_t>(Rcode::kBadVers)) {
    return RcodeClass::kBadVers;
  }
  return RcodeClass::kOther;
}

}  // namespace

void AnswerObserver::saw_question(RrType type, const Arrival& arrival) {
  counters_
      .queries[std::size_t(arrival.tier)][std::size_t(arrival.transport)]
              [std::size_t(type_class(type))]
      .add();
}

void AnswerObserver::saw_answer(const Query& query, std::uint16_t rcode,
                                const Arrival& arrival) {
  count(rcode, arrival);
  if (log_queries_) {
    log_info("query {} {} {}", query.qname.to_text(), to_text(query.qtype),
             to_text(Rcode{rcode}));
  }
}

void AnswerObserver::count(std::uint16_t rcode, const Arrival& arrival) {
  const auto tier = std::size_t(arrival.tier);
  counters_
      .responses[tier][std::size_t(arrival.transport)]
                [std::size_t(rcode_class(rcode))]
      .add();
  if (in_message_) {
    ++in_batch_[tier];
  } else {
    count_duration(arrival.tier, arrival.received, 1);
  }
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
