#include "healthz/self_probe.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "tests/healthz/scripted_server.h"

namespace canopy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::optional<Message> right(const Message& query) {
  return reply_to(query, 0, "1.1.0");
}
std::optional<Message> silence(const Message&) { return std::nullopt; }

struct Probing {
  explicit Probing(ScriptedServer::Script script)
      : cache(io, std::move(script)), zone(io, right) {}

  void start(milliseconds timeout = seconds(9),
             milliseconds period = milliseconds(20)) {
    probe = std::make_unique<SelfProbe>(
        io, health,
        ProbeOptions{
            .question = question, .period = period, .timeout = timeout},
        ProbedTiers{.cache = cache.endpoint(), .zone = zone.endpoint()});
    probe->start();
  }

  void run_until(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + seconds(10);
    while (!holds()) {
      REQUIRE(std::chrono::steady_clock::now() < limit);
      io.run_one_for(milliseconds(100));
    }
  }

  Health::Totals totals(Tier tier, Transport transport = Transport::kUdp) {
    return health.totals(tier, transport);
  }
  Health::Verdict verdict(Tier tier) {
    return health.verdict(tier, std::chrono::steady_clock::now());
  }
  // The verdict on the cache tier after its first failed probe.
  std::string first_failure() {
    run_until([&] { return totals(Tier::kCache).failed > 0; });
    return verdict(Tier::kCache).error;
  }

  ProbeQuestion question = ProbeOptions{}.question;
  boost::asio::io_context io{1};
  ScriptedServer cache;
  ScriptedServer zone;
  Health health{{}};
  std::unique_ptr<SelfProbe> probe;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("tiers that answer are healthy, over UDP and TCP") {
  Probing probing(right);
  probing.start();
  probing.run_until([&] {
    return probing.totals(Tier::kCache).ok > 0 &&
           probing.totals(Tier::kZone).ok > 0 &&
           probing.totals(Tier::kCache, Transport::kTcp).ok > 0 &&
           probing.totals(Tier::kZone, Transport::kTcp).ok > 0;
  });
  CHECK(probing.verdict(Tier::kCache).ok);
  CHECK(probing.verdict(Tier::kCache).latency.count() > 0);
  CHECK(probing.verdict(Tier::kZone).ok);
  CHECK(probing.totals(Tier::kCache).failed == 0);
}

TEST_CASE("probes go on, each with a question of its own") {
  Probing probing(right);
  probing.start();
  probing.run_until([&] { return probing.cache.udp_queries() >= 5; });
  probing.run_until([&] { return probing.cache.tcp_queries() >= 5; });
  CHECK(probing.totals(Tier::kCache).ok >= 4);
}

TEST_CASE("no probe is made while the process drains") {
  Probing probing(right);
  probing.health.is_draining();
  probing.start();
  boost::asio::steady_timer rounds(probing.io, milliseconds(100));
  bool over = false;
  rounds.async_wait([&](const auto&) { over = true; });
  probing.run_until([&] { return over; });
  CHECK(probing.cache.udp_queries() == 0);
  CHECK(probing.cache.tcp_queries() == 0);
}

TEST_CASE("a wrong answer is a failure") {
  Probing probing(
      [](const Message& query) { return reply_to(query, 0, "1.0.0"); });
  probing.start();
  CHECK(contains(probing.first_failure(),
                 "no \"1.1.0\" in the answer to dns-version.cluster.local."));
  probing.run_until([&] { return probing.totals(Tier::kZone).ok > 0; });
  CHECK(probing.verdict(Tier::kZone).ok);
}

TEST_CASE("without a cluster the server's own version is asked for") {
  std::optional<Message> asked;
  Probing probing([&](const Message& query) {
    asked = query;
    return reply_to(query, 0, "CanopyDNS 1.0");
  });
  probing.question = ProbeQuestion::server_version();
  probing.start();
  probing.run_until([&] { return probing.totals(Tier::kCache).ok > 0; });
  CHECK(probing.verdict(Tier::kCache).ok);
  REQUIRE(asked);
  CHECK(asked->back() == 3);  // class CH
}

TEST_CASE("SERVFAIL is a failure") {
  Probing probing(
      [](const Message& query) { return reply_to(query, 2, std::nullopt); });
  probing.start();
  CHECK(contains(probing.first_failure(), "SERVFAIL for dns-version."));
}

TEST_CASE("silence is a failure once the time is over") {
  Probing probing(silence);
  probing.start(milliseconds(60));
  const std::string error = probing.first_failure();
  CHECK(contains(error, "no answer from 127.0.0.1:"));
  CHECK(contains(error, "over UDP within 60 ms"));
  probing.cache.speak(right);
  probing.run_until([&] { return probing.verdict(Tier::kCache).ok; });
}

TEST_CASE("three lost datagrams in a row are not a failure") {
  Probing probing(silence);
  probing.start(milliseconds(2000));
  probing.run_until([&] { return probing.cache.udp_queries() == 3; });
  probing.cache.speak(right);
  probing.run_until([&] {
    return probing.totals(Tier::kCache).ok +
               probing.totals(Tier::kCache).failed >
           0;
  });
  CHECK(probing.totals(Tier::kCache).failed == 0);
  CHECK(probing.cache.udp_queries() >= 4);
}

TEST_CASE("an answer to something else does not count") {
  Probing probing([](const Message& query) -> std::optional<Message> {
    Message other = query;
    other[13] = 'x';
    return reply_to(other, 0, "1.1.0");
  });
  probing.start(milliseconds(60));
  CHECK_FALSE(probing.first_failure().empty());
  CHECK(probing.totals(Tier::kCache).ok == 0);
}

TEST_CASE("octets that are no DNS message do not count") {
  Probing probing([](const Message& query) -> std::optional<Message> {
    return Message(query.begin(), query.begin() + 5);
  });
  probing.start(milliseconds(60));
  CHECK_FALSE(probing.first_failure().empty());
  CHECK(probing.totals(Tier::kCache).ok == 0);
}

TEST_CASE("a tier nobody listens for is refused at once") {
  boost::asio::io_context io(1);
  boost::asio::ip::udp::endpoint closed;
  {
    const ScriptedServer gone(io, right);
    closed = gone.endpoint();
  }
  io.poll();
  io.restart();
  Health health({.zone_tier = false});
  SelfProbe probe(io, health, {.timeout = seconds(9)}, {.cache = closed});
  const auto start = std::chrono::steady_clock::now();
  probe.start();
  while (health.totals(Tier::kCache, Transport::kUdp).failed == 0 ||
         health.totals(Tier::kCache, Transport::kTcp).failed == 0) {
    REQUIRE(std::chrono::steady_clock::now() < start + seconds(8));
    io.run_one_for(milliseconds(100));
  }
  const auto now = std::chrono::steady_clock::now();
  CHECK(contains(health.verdict(Tier::kCache, now).error,
                 "connection refused by 127.0.0.1:"));
  CHECK(health.verdict(Tier::kZone, now).error == "waiting for first probe");
}

TEST_CASE("TCP that fails is counted and leaves the verdict to UDP") {
  Probing probing(right);
  probing.cache.stop_tcp();
  probing.start();
  probing.run_until([&] {
    return probing.totals(Tier::kCache, Transport::kTcp).failed > 0 &&
           probing.totals(Tier::kCache).ok > 0;
  });
  CHECK(probing.verdict(Tier::kCache).ok);
}

TEST_CASE("a server that hangs up on TCP is asked again the next round") {
  Probing probing(right);
  probing.start();
  probing.run_until(
      [&] { return probing.totals(Tier::kCache, Transport::kTcp).ok >= 2; });
  probing.cache.stop_tcp();
  probing.run_until([&] {
    return probing.totals(Tier::kCache, Transport::kTcp).failed >= 2;
  });
  CHECK(probing.verdict(Tier::kCache).ok);
}

TEST_CASE("the unspecified address is probed on loopback") {
  Probing probing(right);
  Health health({.zone_tier = false});
  SelfProbe probe(
      probing.io, health, {.timeout = seconds(9)},
      {.cache = boost::asio::ip::udp::endpoint(
           boost::asio::ip::udp::v4(), probing.cache.endpoint().port())});
  probe.start();
  probing.run_until(
      [&] { return health.totals(Tier::kCache, Transport::kUdp).ok > 0; });
  CHECK(health.verdict(Tier::kCache, std::chrono::steady_clock::now()).ok);
}

TEST_CASE("a probe may end in the middle of its questions") {
  Probing probing(silence);
  probing.start();
  probing.run_until([&] { return probing.cache.udp_queries() == 1; });
  probing.probe.reset();
  probing.cache.speak(right);
  probing.io.run_for(milliseconds(20));
  CHECK(probing.totals(Tier::kCache).ok == 0);
  CHECK(probing.totals(Tier::kCache).failed == 0);
}

}  // namespace
}  // namespace canopy
