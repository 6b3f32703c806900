#include "healthz/worker_probes.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/healthz/scripted_server.h"

namespace canopy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::optional<Message> right(const Message& query) {
  return reply_to(query, 0, "1.1.0");
}
std::optional<Message> silence(const Message&) { return std::nullopt; }

// Three workers, each of which answers for the cache tier.
struct Probing {
  Probing() {
    for (unsigned i = 0; i < 3; ++i) {
      workers.push_back(std::make_unique<ScriptedServer>(io, right));
    }
    health.record(Tier::kCache, Transport::kUdp,
                  {.when = std::chrono::steady_clock::now(), .latency = {}});
  }

  void start(milliseconds timeout = seconds(9)) {
    std::vector<ProbedWorker> probed;
    for (unsigned i = 0; i < 3; ++i) {
      probed.push_back({.tier = Tier::kCache,
                        .worker = i + 1,
                        .server = workers[i]->endpoint()});
    }
    probes = std::make_unique<WorkerProbes>(
        io, health,
        ProbeOptions{.period = milliseconds(20), .timeout = timeout}, probed);
    probes->start();
  }

  void run_until(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + seconds(20);
    while (!holds()) {
      REQUIRE(std::chrono::steady_clock::now() < limit);
      io.run_one_for(milliseconds(100));
    }
  }
  void run_until_each_was_asked(int times) {
    for (const auto& worker : workers) {
      run_until([&] {
        return worker->udp_queries() >= times && worker->tcp_queries() >= times;
      });
    }
  }
  Health::Verdict verdict() {
    return health.verdict(Tier::kCache, std::chrono::steady_clock::now());
  }

  boost::asio::io_context io{1};
  std::vector<std::unique_ptr<ScriptedServer>> workers;
  Health health{{.zone_tier = false}};
  std::unique_ptr<WorkerProbes> probes;
};

TEST_CASE("every worker is asked, over UDP and TCP, again and again") {
  Probing probing;
  probing.start();
  probing.run_until_each_was_asked(3);
  CHECK(probing.verdict().ok);
}

TEST_CASE("a silent worker is named, until it answers again") {
  Probing probing;
  probing.workers[1]->speak(silence);
  probing.start(milliseconds(60));
  probing.run_until([&] { return !probing.verdict().ok; });
  CHECK(probing.verdict().error.starts_with(
      "worker 2 did not answer within 0.06 s ("));
  CHECK(probing.health.failing_workers(Tier::kCache) == 1);
  probing.run_until_each_was_asked(2);  // the others still have their turns
  probing.workers[1]->speak(right);
  probing.run_until([&] { return probing.verdict().ok; });
}

TEST_CASE("a worker that answers wrongly is named, with its answer") {
  Probing probing;
  probing.workers[2]->speak(
      [](const Message& query) { return reply_to(query, 2, std::nullopt); });
  probing.start();
  probing.run_until([&] { return !probing.verdict().ok; });
  CHECK(probing.verdict().error.starts_with(
      "worker 3 failed: SERVFAIL for dns-version.cluster.local. TXT"));
}

TEST_CASE("a worker that is deaf to TCP alone is named") {
  Probing probing;
  probing.workers[0]->stop_tcp();
  probing.start();
  probing.run_until([&] { return !probing.verdict().ok; });
  CHECK(
      probing.verdict().error.starts_with("worker 1 failed: connection "
                                          "refused by 127.0.0.1:"));
}

TEST_CASE("no worker is asked while the process drains") {
  Probing probing;
  probing.health.is_draining();
  probing.start();
  boost::asio::steady_timer rounds(probing.io, milliseconds(100));
  bool over = false;
  rounds.async_wait([&](const auto&) { over = true; });
  probing.run_until([&] { return over; });
  CHECK(probing.workers[0]->udp_queries() == 0);
}

TEST_CASE("the probes may end in the middle of their questions") {
  Probing probing;
  probing.workers[0]->speak(silence);
  probing.start();
  probing.run_until([&] { return probing.workers[0]->udp_queries() == 1; });
  probing.probes.reset();
  probing.workers[0]->speak(right);
  probing.io.run_for(milliseconds(20));
  CHECK(probing.verdict().ok);
}

}  // namespace
}  // namespace canopy
