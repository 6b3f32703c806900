// No message costs more than 20 times an honest one of its size.  Work is
// counted in basic blocks, which no machine's speed or load changes.
#include <doctest/doctest.h>

#include <string>

#include "server/answer/query_handler.h"
#include "server/forward/upstream_answer_reader.h"
#include "tests/support/cluster_zone.h"
#include "tests/support/hostile_messages.h"
#include "tests/support/query_message.h"
#include "tests/support/test_plan.h"
#include "tests/support/work_count.h"
#include "zones/message_reader.h"

using namespace canopy;
using namespace canopy::test;

namespace {

constexpr std::size_t kSizes[] = {64, 128, 512, 1232, 4096, 16384, 65535};
constexpr std::uint64_t kFactor = 20;

std::uint64_t cost_of_query(const Octets& message) {
  return work_of([&] { decode_query(message); }).blocks;
}

class Nobody final : public ReplySink {
 public:
  void send(std::span<const std::uint8_t>, const Peer&) override {}
};

// An upstream that answers with these octets.  Its reader has its memory
// already, as a worker's has after the first message.
class Upstream final : public Forwarder {
 public:
  Upstream(const Query& warm_up, const Octets& message) : message_(message) {
    reader_.read(ForwardQuestion(warm_up), message_);
  }
  void forward(const Query& query, std::uint8_t, Client,
               std::unique_ptr<Waiter> waiter) override {
    const auto outcome = std::make_shared<ForwardOutcome>();
    outcome->answer = reader_.read(ForwardQuestion(query), message_);
    if (!outcome->answer) outcome->failure = "malformed";
    waiter->on_outcome(outcome);
  }

 private:
  const Octets& message_;
  UpstreamAnswerReader reader_;
};

// From a client's question over TCP to the reply, through all that is done
// with the upstream's message.
Work cost_of_response(const Octets& message) {
  static const std::unique_ptr<ZoneStore> store =
      cluster_store("service prod/db 10.0.0.7 http:80/tcp\n");
  const Octets question = query_message(kHostileQuestion);
  AnswerCache cache({.entries = 10});
  Upstream upstream(*decode_query(question), message);
  QueryCounters counters;
  PlanStore plans;
  plans.publish(test::plan_for());
  QueryHandler handler(*store, plans, cache, upstream, counters,
                       {"v", "h", false});
  Nobody nobody;
  Reply reply;
  reply.sink = &nobody;
  reply.transport = Transport::kTcp;
  return work_of([&] { handler.handle(question, reply); });
}

}  // namespace

TEST_CASE("work is counted") {
  CHECK(cost_of_query(honest_query(64)) > 10);
  CHECK(work_of([] { Octets octets(1000); }).octets == 1000);
}

TEST_CASE("no query costs more than 20 honest ones of its size") {
  for (const std::size_t size : kSizes) {
    CAPTURE(size);
    const Octets honest = honest_query(size);
    REQUIRE(honest.size() == size);
    REQUIRE(decode_query(honest));
    const std::uint64_t bound = kFactor * cost_of_query(honest);
    for (const SizedMessage& hostile : hostile_queries(size)) {
      CAPTURE(hostile.what);
      CHECK(hostile.message.size() <= size);
      CHECK(cost_of_query(hostile.message) <= bound);
    }
  }
}

TEST_CASE("no upstream's answer costs more than 20 honest ones of its size") {
  for (const std::size_t size : kSizes) {
    CAPTURE(size);
    const Octets honest = honest_response(size);
    REQUIRE(honest.size() + 16 > size);
    const Work bound = cost_of_response(honest);
    for (const SizedMessage& hostile : hostile_responses(size)) {
      CAPTURE(hostile.what);
      CHECK(hostile.message.size() <= size);
      const Work work = cost_of_response(hostile.message);
      CHECK(work.blocks <= kFactor * bound.blocks);
      CHECK(work.octets <= kFactor * bound.octets);
    }
  }
}
