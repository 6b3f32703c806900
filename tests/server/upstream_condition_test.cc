// How an upstream is judged: by its times, and by failures in a row.
#include "server/upstream_condition.h"

#include <doctest/doctest.h>

#include "server/round_trip.h"
#include "server/upstream_conditions.h"

namespace canopy {
namespace {

using namespace std::chrono_literals;
using Failure = UpstreamCondition::Failure;
using State = UpstreamCondition::State;

const TimePoint kStart{1h};

struct Judged : UpstreamCondition {
  Judged()
      : UpstreamCondition(Name(), server_value("10.0.0.1"), SayChanges::kYes) {}
  void fail(Failure failure,
            std::initializer_list<std::chrono::milliseconds> times) {
    for (const auto time : times) note_failure(kStart + time, failure, "why");
  }
};

TEST_CASE("three errors in a row, and an upstream is down") {
  Judged upstream;
  upstream.fail(Failure::kError, {0ms, 1ms});
  CHECK(upstream.is_up());
  upstream.note_answer(kStart + 2ms);
  upstream.fail(Failure::kError, {3ms, 4ms});
  CHECK(upstream.is_up());
  upstream.fail(Failure::kError, {5ms});
  CHECK(upstream.state() == State::kDown);
  upstream.fail(Failure::kError, {6ms, 7ms, 8ms});
  CHECK(upstream.changes() == 1);
  upstream.note_answer(kStart + 9ms);
  CHECK(upstream.is_up());
  CHECK(upstream.changes() == 2);
}

TEST_CASE("silence must last before an upstream is down") {
  Judged upstream;
  upstream.fail(Failure::kSilence, {0ms, 1ms, 2ms, 3ms, 999ms});
  CHECK(upstream.is_up());
  upstream.fail(Failure::kSilence, {1000ms});
  CHECK_FALSE(upstream.is_up());
}

TEST_CASE("one question in a while asks whether it is back, ever more rarely") {
  Judged upstream;
  CHECK_FALSE(upstream.take_probe(kStart));
  upstream.fail(Failure::kError, {0ms, 0ms, 0ms});
  std::vector<int> seconds;
  for (auto time = 0s; time < 40s; time += 1s) {
    if (upstream.take_probe(kStart + time)) {
      seconds.push_back(static_cast<int>(time.count()));
    }
    CHECK_FALSE(upstream.take_probe(kStart + time));
  }
  CHECK(seconds == std::vector<int>{1, 3, 7, 15, 25, 35});
  CHECK(upstream.probes() == 6);
}

TEST_CASE("a refusal shows that an upstream is there, if others refuse too") {
  Judged silent;
  silent.fail(Failure::kSilence, {0ms, 500ms, 1000ms});
  silent.note_refusal(kStart + 2s);
  CHECK(silent.is_up());
  // One that fails where others answer is not back when it fails again.
  Judged lame;
  lame.fail(Failure::kRefusal, {0ms, 1ms, 2ms});
  lame.note_refusal(kStart + 2s);
  CHECK_FALSE(lame.is_up());
  lame.note_answer(kStart + 3s);
  CHECK(lame.is_up());
}

TEST_CASE("workers share one condition for a server and a domain") {
  UpstreamConditions conditions(SayChanges::kNo);
  const Name corp = *Name::from_text("corp.example");
  const Endpoint server = server_value("10.0.0.1");
  const auto general = conditions.of(Name(), server, 1);
  CHECK(conditions.of(Name(), server, 1) == general);
  CHECK(conditions.of(corp, server, 1) != general);
  CHECK(conditions.of(Name(), server_value("10.0.0.2"), 1) != general);
  CHECK(conditions.in_use().size() == 3);
  // A newer table names one of them only.
  CHECK(conditions.of(Name(), server, 2) == general);
  REQUIRE(conditions.in_use().size() == 1);
  CHECK(conditions.in_use()[0].domain == ".");
}

TEST_CASE("a retry waits for what the upstream usually takes, within bounds") {
  RoundTrip never_asked;
  CHECK(never_asked.retry_after() == kLatestRetry);
  CHECK(never_asked.expected() == 0ns);
  RoundTrip quick;
  RoundTrip steady;
  RoundTrip slow;
  for (int i = 0; i < 100; ++i) {
    quick.note_answer(1ms);
    steady.note_answer(i % 2 == 0 ? 180ms : 220ms);
    slow.note_answer(2s);
  }
  CHECK(quick.retry_after() == kSoonestRetry);
  CHECK(steady.retry_after() > 220ms);
  CHECK(steady.retry_after() < 300ms);
  CHECK(slow.retry_after() == kLatestRetry);
  CHECK(quick.expected() < steady.expected());
}

TEST_CASE("a lost question counts as the wait for the next, and is forgotten") {
  RoundTrip upstream;
  upstream.note_answer(1ms);
  upstream.note_loss();
  CHECK(upstream.expected() > 100ms);
  CHECK(upstream.is_lossy());
  for (int i = 0; i < 20; ++i) upstream.note_answer(1ms);
  CHECK(upstream.expected() < 3ms);
  CHECK_FALSE(upstream.is_lossy());
  for (int i = 0; i < 20; ++i) upstream.note_loss();
  CHECK(upstream.expected() > kLatestRetry - 10ms);
}

TEST_CASE("an upstream that kept the spelling is not doubted lightly") {
  Judged upstream;
  SUBCASE("of one that never did, the first doubt is enough") {
    upstream.note_spelling_doubt();
  }
  SUBCASE("of one that did, it takes three without a right one between") {
    upstream.note_spelling_kept();
    for (int i = 0; i < 2; ++i) {
      upstream.note_spelling_doubt();
      upstream.note_spelling_doubt();
      CHECK(upstream.keeps_spelling());
      upstream.note_spelling_kept();
    }
    for (int i = 0; i < 3; ++i) upstream.note_spelling_doubt();
  }
  SUBCASE("what was seen over TCP is certain") {
    upstream.note_spelling_kept();
    upstream.note_spelling_lost();
  }
  CHECK_FALSE(upstream.keeps_spelling());
  upstream.note_spelling_kept();  // late, of a question asked before
  CHECK_FALSE(upstream.keeps_spelling());
}

}  // namespace
}  // namespace canopy
