#include "healthz/health.h"

#include <doctest/doctest.h>

#include <string>

namespace canopy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart{seconds(1000)};

Health::Probe answered(TimePoint when, milliseconds latency) {
  return {.when = when, .latency = latency, .error = {}};
}
Health::Probe failed(TimePoint when, std::string error) {
  return {.when = when, .latency = {}, .error = std::move(error)};
}

TEST_CASE("a tier waits for its first probe") {
  const Health health({});
  const auto verdict = health.verdict(Tier::kCache, kStart);
  CHECK_FALSE(verdict.ok);
  CHECK(verdict.latency.count() == 0);
  CHECK(verdict.error == "waiting for first probe");
}

TEST_CASE("a tier is healthy while its last probe was answered lately") {
  Health health({.probe_latency = seconds(30)});
  health.record(Tier::kZone, Transport::kUdp,
                answered(kStart, milliseconds(3)));
  CHECK(health.verdict(Tier::kZone, kStart + seconds(30)).ok);
  CHECK(health.verdict(Tier::kZone, kStart).latency == milliseconds(3));
  CHECK_FALSE(health.verdict(Tier::kCache, kStart).ok);

  const auto late = health.verdict(Tier::kZone, kStart + milliseconds(30100));
  CHECK_FALSE(late.ok);
  CHECK(late.error == "latest result too old to be useful: 30.1 s, limit 30 s");
  CHECK(late.latency.count() == 0);
}

TEST_CASE("the last probe decides, and says why it failed and when") {
  Health health({});
  health.record(Tier::kCache, Transport::kUdp,
                answered(kStart, milliseconds(1)));
  health.record(Tier::kCache, Transport::kUdp,
                failed(kStart + seconds(2), "SERVFAIL"));
  CHECK(health.verdict(Tier::kCache, kStart + seconds(3)).error ==
        "SERVFAIL, 1.0 s ago");
  health.record(Tier::kCache, Transport::kUdp,
                answered(kStart + seconds(4), milliseconds(1)));
  CHECK(health.verdict(Tier::kCache, kStart + seconds(4)).ok);
}

TEST_CASE("a failed probe over TCP is counted but decides nothing") {
  Health health({});
  health.record(Tier::kCache, Transport::kUdp,
                answered(kStart, milliseconds(1)));
  health.record(Tier::kCache, Transport::kTcp, failed(kStart, "refused"));
  CHECK(health.verdict(Tier::kCache, kStart).ok);
  CHECK(health.totals(Tier::kCache, Transport::kTcp).failed == 1);
  CHECK(health.totals(Tier::kCache, Transport::kUdp).failed == 0);
}

TEST_CASE("a tier fails while one of its workers does, and names it") {
  Health health({});
  for (const Tier tier : {Tier::kCache, Tier::kZone}) {
    health.record(tier, Transport::kUdp, answered(kStart, milliseconds(1)));
  }
  const auto fail = [&](unsigned worker, Transport transport) {
    health.record_worker(Tier::kCache, transport, worker,
                         failed(kStart, "did not answer within 2 s"));
  };
  const auto answer = [&](unsigned worker, Transport transport) {
    health.record_worker(Tier::kCache, transport, worker,
                         answered(kStart, milliseconds(1)));
  };
  const auto error = [&] {
    return health.verdict(Tier::kCache, kStart + seconds(1)).error;
  };
  answer(1, Transport::kUdp);
  CHECK(error().empty());
  for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
    fail(3, transport);
    CHECK(error() == "worker 3 did not answer within 2 s, 1.0 s ago");
    answer(3, transport);
    CHECK(error().empty());
  }
  fail(3, Transport::kUdp);
  fail(2, Transport::kUdp);
  fail(2, Transport::kTcp);
  CHECK(error() ==
        "worker 2 did not answer within 2 s, 1.0 s ago; "
        "1 more workers are failing");
  CHECK(health.failing_workers(Tier::kCache) == 2);
  CHECK(health.failing_workers(Tier::kZone) == 0);
  CHECK(health.verdict(Tier::kZone, kStart).ok);
}

TEST_CASE("latencies of correct answers fall into buckets") {
  Health health({});
  for (const int ms : {1, 1, 3, 10000}) {
    health.record(Tier::kZone, Transport::kUdp,
                  answered(kStart, milliseconds(ms)));
  }
  health.record(Tier::kZone, Transport::kUdp, failed(kStart, "silent"));
  const auto totals = health.totals(Tier::kZone, Transport::kUdp);
  CHECK(totals.ok == 4);
  CHECK(totals.failed == 1);
  CHECK(totals.latencies[2] == 2);  // at most 1 ms
  CHECK(totals.latencies[4] == 1);  // at most 4 ms
  CHECK(totals.latencies.back() == 1);
  CHECK(totals.latency_seconds == doctest::Approx(10.005));
}

TEST_CASE("ready needs data and listeners, and ends with draining") {
  Health health({});
  CHECK(health.unready_reason() == "not listening yet");
  health.is_listening();
  CHECK(health.unready_reason() == "waiting for the first full sync");
  health.data_is_in();
  CHECK(health.unready_reason() == std::nullopt);
  health.is_draining();
  CHECK(health.unready_reason() == "shutting down");
  health.data_is_in();
  CHECK(health.unready_reason() == "shutting down");
}

TEST_CASE("while draining the last probe counts, however old") {
  Health health({});
  health.record(Tier::kCache, Transport::kUdp,
                answered(kStart, milliseconds(1)));
  CHECK_FALSE(health.verdict(Tier::kCache, kStart + std::chrono::hours(1)).ok);
  health.is_draining();
  CHECK(health.verdict(Tier::kCache, kStart + std::chrono::hours(1)).ok);
}

TEST_CASE("without a zone tier there is only the cache tier") {
  const Health both({});
  CHECK(both.has(Tier::kZone));
  const Health one({.zone_tier = false});
  CHECK_FALSE(one.has(Tier::kZone));
  CHECK(one.has(Tier::kCache));
}

}  // namespace
}  // namespace canopy
