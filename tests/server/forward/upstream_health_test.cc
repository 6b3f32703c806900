// How the health of an upstream is judged: by times, and by failures in a row.
#include "server/forward/upstream_health.h"

#include <doctest/doctest.h>

#include "server/config/text_values.h"
#include "server/forward/round_trip.h"
#include "server/forward/upstream_registry.h"

namespace canopy {
namespace {

using namespace std::chrono_literals;
using Failure = UpstreamHealth::Failure;
using State = UpstreamHealth::State;

const TimePoint kStart{1h};

struct Judged : UpstreamHealth {
  Judged()
      : UpstreamHealth(Name(), server_value("10.0.0.1"), SayChanges::kYes,
                       QueryCase::kAlways) {}
  void fail(Failure failure,
            std::initializer_list<std::chrono::milliseconds> times) {
    for (const auto time : times) note_failure(kStart + time, failure, "why");
  }
  // Lets the upstream answer its first health check.
  void answer_check(std::chrono::milliseconds time) {
    REQUIRE(take_routine_check(kStart + time));
    note_check_answered(kStart + time, Rcode::kNoError);
  }
  // Takes a check that is due, and reports that it got no answer.
  bool check_in_vain(std::chrono::milliseconds time) {
    if (!take_check(kStart + time)) return false;
    note_check_failed(kStart + time + kCheckWait, Failure::kSilence);
    return true;
  }
};

TEST_CASE("three errors in a row and a failed check, and an upstream is down") {
  Judged upstream;
  upstream.fail(Failure::kError, {0ms, 1ms});
  upstream.note_check_failed(kStart + 1ms, Failure::kError);
  CHECK(upstream.is_up());
  upstream.note_answer(kStart + 2ms);
  upstream.fail(Failure::kError, {3ms, 4ms, 5ms});
  CHECK(upstream.is_up());  // TCP is refused, or one name's answer is garbage
  upstream.note_check_failed(kStart + 5ms, Failure::kError);
  CHECK(upstream.state() == State::kDown);
  CHECK(upstream.answers_nothing(kStart + 5ms));
  CHECK(upstream.failed_checks() == 2);
  upstream.fail(Failure::kError, {6ms, 7ms, 8ms});
  CHECK(upstream.changes() == 1);
  upstream.note_answer(kStart + 9ms);
  CHECK(upstream.is_up());
  CHECK_FALSE(upstream.answers_nothing(kStart + 9ms));
  CHECK(upstream.changes() == 2);
}

TEST_CASE("clients' silent questions alone never make an upstream down") {
  Judged upstream;
  upstream.answer_check(0ms);
  for (auto time = 1000ms; time < 60'000ms; time += 100ms) {
    upstream.fail(Failure::kSilence, {time});
    if (upstream.take_check(kStart + time)) {
      upstream.note_check_answered(kStart + time + 1ms, Rcode::kServFail);
    }
  }
  CHECK(upstream.is_up());
  CHECK(upstream.changes() == 0);
  CHECK(upstream.probes() < 2 * 60 + 2);  // two a second, and the first
}

TEST_CASE("a second of silence to questions and checks, and it is down") {
  Judged upstream;
  upstream.answer_check(0ms);
  CHECK_FALSE(upstream.take_check(kStart + 10s));  // no query failed
  upstream.fail(Failure::kSilence, {10'000ms});
  CHECK(upstream.check_in_vain(10'000ms));
  CHECK(upstream.is_up());
  CHECK_FALSE(upstream.take_check(kStart + 10'499ms));  // one at a time
  CHECK(upstream.check_in_vain(10'500ms));
  CHECK_FALSE(upstream.is_up());
  CHECK(upstream.answers_nothing(kStart + 11s));
  // Much later the upstream's state is unknown, and queries wait for it again.
  CHECK_FALSE(upstream.answers_nothing(kStart + 60s));
  CHECK(upstream.take_routine_check(kStart + 60s));
  upstream.note_check_failed(kStart + 60s + kCheckWait, Failure::kSilence);
  CHECK(upstream.answers_nothing(kStart + 61s));
}

TEST_CASE("an answer to any name ends the doubt") {
  Judged upstream;
  upstream.answer_check(0ms);
  for (auto time = 10'000ms; time < 60'000ms; time += 1000ms) {
    upstream.fail(Failure::kSilence, {time});
    upstream.check_in_vain(time);
    upstream.note_answer(kStart + time + 600ms);
  }
  CHECK(upstream.changes() == 0);
}

TEST_CASE("one that drops health checks is up while it answers names") {
  Judged upstream;
  REQUIRE(upstream.take_routine_check(kStart));
  upstream.note_answer(kStart + 1ms);
  upstream.note_check_failed(kStart + kCheckWait, Failure::kSilence);
  SUBCASE("now and then") {
    for (auto time = 1000ms; time < 60'000ms; time += 500ms) {
      upstream.fail(Failure::kSilence, {time});
      upstream.check_in_vain(time);
      if (time % 9000ms == 0ms) upstream.note_answer(kStart + time + 10ms);
    }
    CHECK(upstream.is_up());
    CHECK(upstream.changes() == 0);
  }
  SUBCASE("when it has not for ten seconds, a new name is still tried") {
    for (auto time = 1000ms; time < 12'000ms; time += 500ms) {
      upstream.fail(Failure::kSilence, {time});
      upstream.check_in_vain(time);
    }
    CHECK_FALSE(upstream.is_up());
    CHECK_FALSE(upstream.answers_nothing(kStart + 12s));
    upstream.note_answer(kStart + 13s);
    CHECK(upstream.is_up());
  }
}

TEST_CASE(
    "whether it answers checks is asked before the first use, and again") {
  Judged upstream;
  CHECK(upstream.take_routine_check(kStart));
  CHECK_FALSE(upstream.take_routine_check(kStart));
  upstream.note_check_answered(kStart + 1ms, Rcode::kNoError);
  CHECK_FALSE(upstream.take_routine_check(kStart + 60s));
  // It answered a name after it failed a check.
  upstream.fail(Failure::kSilence, {70'000ms});
  CHECK(upstream.check_in_vain(70'000ms));
  upstream.note_answer(kStart + 71s);
  CHECK(upstream.take_routine_check(kStart + 71s));
  upstream.note_check_failed(kStart + 72s, Failure::kSilence);
  CHECK_FALSE(upstream.take_routine_check(kStart + 73s));
  CHECK(upstream.take_routine_check(kStart + 82s));
}

TEST_CASE("a doubt that no client renews sends no checks without end") {
  Judged upstream;
  upstream.fail(Failure::kError, {0ms});
  int checks = 0;
  for (auto time = 0ms; time < 60'000ms; time += 50ms) {
    if (upstream.check_in_vain(time)) ++checks;
  }
  CHECK(checks == kChecksToDown);
  CHECK(upstream.is_up());
}

TEST_CASE("one question in a while asks whether it is back, ever more rarely") {
  Judged upstream;
  CHECK_FALSE(upstream.take_probe(kStart));
  upstream.note_check_failed(kStart, Failure::kError);
  upstream.fail(Failure::kError, {0ms, 0ms, 0ms});
  const auto taken = [&](auto take) {
    std::vector<int> seconds;
    for (auto time = 0s; time < 40s; time += 1s) {
      if (take(kStart + time)) {
        seconds.push_back(static_cast<int>(time.count()));
      }
      CHECK_FALSE(take(kStart + time));
    }
    return seconds;
  };
  const std::vector<int> rarely{1, 3, 7, 15, 25, 35};
  CHECK(taken([&](TimePoint now) { return upstream.take_probe(now); }) ==
        rarely);
  CHECK(taken([&](TimePoint now) {
          return upstream.take_routine_check(now);
        }) == rarely);
  CHECK(upstream.probes() == 12);
}

TEST_CASE("a refusal shows that an upstream is there, if others refuse too") {
  Judged silent;
  silent.fail(Failure::kSilence, {0ms});
  silent.check_in_vain(0ms);
  silent.check_in_vain(500ms);
  CHECK_FALSE(silent.is_up());
  silent.note_refusal(kStart + 2s);
  CHECK(silent.is_up());
}

TEST_CASE("one that refuses what others answer is down") {
  Judged lame;
  SUBCASE("soon, if it refuses its checks too") {
    lame.note_check_answered(kStart, Rcode::kRefused);
    lame.fail(Failure::kRefusal, {0ms, 1ms, 2ms});
  }
  SUBCASE("later, if it answers those") {
    lame.note_check_answered(kStart, Rcode::kNoError);
    lame.fail(Failure::kRefusal, {0ms, 1ms, 2ms, 9'999ms});
    CHECK(lame.is_up());
    lame.fail(Failure::kRefusal, {10'000ms});
  }
  CHECK_FALSE(lame.is_up());
  // Another refusal or an answered check does not make it up again.
  lame.note_refusal(kStart + 12s);
  lame.note_check_answered(kStart + 12s, Rcode::kNoError);
  CHECK_FALSE(lame.is_up());
  CHECK_FALSE(lame.answers_nothing(kStart + 12s));
  lame.note_answer(kStart + 13s);
  CHECK(lame.is_up());
}

TEST_CASE("workers share one health for a server and a domain") {
  UpstreamRegistry registry(SayChanges::kNo, QueryCase::kAuto);
  const Name corp = *Name::from_text("corp.example");
  const SocketAddress server = server_value("10.0.0.1");
  const auto general = registry.of(Name(), server, 1);
  CHECK(registry.of(Name(), server, 1) == general);
  CHECK(registry.of(corp, server, 1) != general);
  CHECK(registry.of(Name(), server_value("10.0.0.2"), 1) != general);
  CHECK(registry.in_use().size() == 3);
  // A newer plan names only one of them.
  CHECK(registry.of(Name(), server, 2) == general);
  REQUIRE(registry.in_use().size() == 1);
  CHECK(registry.in_use()[0].domain == ".");
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

TEST_CASE("what an upstream took before is not left out lightly") {
  Judged upstream;
  const TimePoint now{1h};
  SUBCASE("of one that never took it, the first failure is enough") {
    upstream.note_case_not_taken(now);
    upstream.note_edns_not_taken(now);
  }
  SUBCASE("of one that did, it takes three without a success between") {
    upstream.note_case_kept();
    upstream.note_edns_taken();
    for (int i = 0; i < 4; ++i) {
      upstream.note_case_not_taken(now);
      upstream.note_edns_not_taken(now);
      CHECK(upstream.takes_random_case(now));
      CHECK(upstream.takes_edns(now));
      if (i % 2 == 0) continue;
      upstream.note_case_kept();
      upstream.note_edns_taken();
    }
    for (int i = 0; i < 3; ++i) {
      upstream.note_case_not_taken(now);
      upstream.note_edns_not_taken(now);
    }
  }
  SUBCASE("what was seen over TCP is certain") {
    upstream.note_case_kept();
    upstream.note_case_lost(now);
    upstream.note_edns_not_taken(now);
  }
  CHECK_FALSE(upstream.takes_random_case(now));
  CHECK_FALSE(upstream.takes_edns(now));
  // One query tries it again.
  CHECK_FALSE(upstream.takes_edns(now + kLeaveOut - 1ms));
  CHECK(upstream.takes_edns(now + kLeaveOut));
  CHECK_FALSE(upstream.takes_edns(now + kLeaveOut));
  upstream.note_edns_taken();
  CHECK(upstream.takes_edns(now + kLeaveOut));
}

TEST_CASE("random case is for public upstreams, unless a flag says otherwise") {
  struct Case {
    std::string address;
    bool by_default;
  };
  const Name stub = *Name::from_text("corp.example");
  for (const Case& row : std::vector<Case>{{"8.8.8.8", true},
                                           {"2001:4860:4860::8888", true},
                                           {"172.32.0.1", true},
                                           {"100.128.0.1", true},
                                           {"::ffff:8.8.8.8", true},
                                           {"127.0.0.53", false},
                                           {"10.0.0.1", false},
                                           {"172.16.0.1", false},
                                           {"172.31.255.1", false},
                                           {"192.168.1.1", false},
                                           {"169.254.169.253", false},
                                           {"100.64.0.1", false},
                                           {"100.127.255.1", false},
                                           {"::1", false},
                                           {"fd00::1", false},
                                           {"fc00::1", false},
                                           {"fe80::1", false},
                                           {"::ffff:10.0.0.1", false}}) {
    INFO(row.address);
    const Address address = address_value(row.address);
    CHECK(asks_in_random_case(QueryCase::kAuto, Name(), address) ==
          row.by_default);
    CHECK_FALSE(asks_in_random_case(QueryCase::kAuto, stub, address));
    CHECK(asks_in_random_case(QueryCase::kAlways, stub, address));
    CHECK_FALSE(asks_in_random_case(QueryCase::kNever, Name(), address));
  }
}

}  // namespace
}  // namespace canopy
