#include "server/forward/upstream_server.h"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/forward/forward_timing.h"
#include "tests/healthz/scripted_server.h"

namespace canopy {
namespace {

using namespace std::chrono_literals;
using ChannelFailure = UpstreamChannel::Failure;

std::optional<Message> no_reply(const Message&) { return std::nullopt; }
std::optional<Message> right_reply(const Message& query) {
  return reply_to(query, 0, std::nullopt);
}

// One upstream, what it is asked by, and how its questions ended.
struct OneUpstream {
  explicit OneUpstream(ScriptedServer::Script script, std::size_t ports = 1)
      : peer(io, std::move(script)),
        server(io, random,
               std::make_shared<UpstreamHealth>(
                   Name(), peer.endpoint(), SayChanges::kNo, QueryCase::kNever),
               UpstreamServer::Settings{.ports = ports}) {}

  Message question() {
    const std::uint16_t id = next_id++;
    return {static_cast<std::uint8_t>(id / 256),
            static_cast<std::uint8_t>(id % 256),
            1,
            0,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
            1,
            'a',
            0,
            0,
            1,
            0,
            1};
  }
  void ask() { server.ask(question(), now, std::make_unique<Told>(*this)); }
  void ask_over_tcp() {
    server.ask_over_tcp(question(), now, std::make_unique<Told>(*this));
  }
  // Few at a time, so that no buffer overflows.
  void ask_and_wait(int count) {
    for (int i = 0; i < count; ++i) {
      const int came = peer.udp_queries();
      ask();
      run_until([&] { return peer.udp_queries() > came; });
    }
  }
  void run_until(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
      REQUIRE(std::chrono::steady_clock::now() < limit);
      io.run_one_for(100ms);
    }
  }

  class Told final : public UpstreamChannel::Receiver {
   public:
    explicit Told(OneUpstream& by) : by_(by) {}
    bool on_message(std::span<const std::uint8_t>) override {
      ++by_.answers;
      return true;
    }
    void on_failure(ChannelFailure failure) override {
      by_.failures.push_back(failure);
    }

   private:
    OneUpstream& by_;
  };

  boost::asio::io_context io{1};
  RandomOctets random;
  ScriptedServer peer;
  TimePoint now = std::chrono::steady_clock::now();
  std::uint16_t next_id = 1;
  int answers = 0;
  std::vector<ChannelFailure> failures;
  UpstreamServer server;
};

TEST_CASE("upstream server: questions go out from its ports, by chance") {
  OneUpstream one(right_reply, 4);
  one.ask_and_wait(60);
  one.run_until([&] { return one.answers == 60; });
  CHECK(one.peer.udp_ports() > 1);
  CHECK(one.peer.udp_ports() <= 4);
  CHECK(one.server.counters().asked.value() == 60);
}

TEST_CASE("upstream server: a port is replaced after its questions") {
  OneUpstream one(right_reply);
  one.ask_and_wait(static_cast<int>(kQuestionsPerPort));
  CHECK(one.peer.udp_ports() == 1);
  one.ask_and_wait(1);
  CHECK(one.peer.udp_ports() == 2);
  one.run_until(
      [&] { return one.answers == static_cast<int>(kQuestionsPerPort) + 1; });
}

TEST_CASE("upstream server: a port is replaced at its age") {
  OneUpstream one(right_reply);
  one.ask_and_wait(1);
  one.run_until([&] { return one.answers == 1; });
  one.server.tick(one.now + kPortAge - 1ms);
  CHECK(one.server.has_channels());
  one.server.tick(one.now + kPortAge);
  CHECK_FALSE(one.server.has_channels());
}

TEST_CASE("upstream server: silence opens no more than thrice its ports") {
  OneUpstream one(no_reply);
  one.ask_and_wait(static_cast<int>(4 * kQuestionsPerPort));
  CHECK(one.peer.udp_ports() == 3);  // one in use, two that wait
  CHECK(one.failures.empty());
  // They are let go of when nothing can come any more.
  one.server.tick(one.now + kPortAge + 2 * kPatience);
  one.server.tick(one.now + kPortAge + 4 * kPatience);
  CHECK(one.failures.size() == 4 * kQuestionsPerPort);
  CHECK_FALSE(one.server.has_channels());
}

TEST_CASE("upstream server: a question waits as long as it may, no longer") {
  OneUpstream one(no_reply);
  one.ask();
  one.server.tick(one.now + kPatience - 1ms);
  CHECK(one.failures.empty());
  one.server.tick(std::chrono::steady_clock::now() + kPatience);
  REQUIRE(one.failures.size() == 1);
  CHECK(one.failures[0] == ChannelFailure::kTimedOut);
}

TEST_CASE("upstream server: closed, it fails what waits before it returns") {
  OneUpstream one(no_reply, 2);
  for (int i = 0; i < 5; ++i) one.ask();
  one.ask_over_tcp();
  one.server.close();
  CHECK(one.failures.size() == 6);
  for (const ChannelFailure failure : one.failures) {
    CHECK(failure == ChannelFailure::kUnreachable);
  }
  CHECK_FALSE(one.server.has_channels());
  one.io.poll();  // handlers that are still queued
  one.ask();      // and it may be asked again
  CHECK(one.server.has_channels());
}

TEST_CASE("upstream server: without a socket a question fails at once") {
  OneUpstream one(no_reply);
  // No datagram may go there without SO_BROADCAST.
  UpstreamServer nowhere(
      one.io, one.random,
      std::make_shared<UpstreamHealth>(
          Name(), SocketAddress(boost::asio::ip::address_v4::broadcast(), 53),
          SayChanges::kNo, QueryCase::kNever),
      UpstreamServer::Settings{.ports = 1});
  nowhere.ask(one.question(), one.now,
              std::make_unique<OneUpstream::Told>(one));
  REQUIRE(one.failures.size() == 1);
  CHECK(one.failures[0] == ChannelFailure::kUnreachable);
  CHECK_FALSE(nowhere.has_channels());
}

TEST_CASE("upstream server: one TCP connection serves until it is renewed") {
  OneUpstream one(right_reply);
  for (int i = 1; i <= 3; ++i) {
    one.ask_over_tcp();
    one.run_until([&] { return one.answers == i; });
  }
  CHECK(one.peer.tcp_connections() == 1);
  // The connection was opened after the failed query.
  one.server.renew_tcp(one.now - 1ms, one.now);
  one.ask_over_tcp();
  one.run_until([&] { return one.answers == 4; });
  CHECK(one.peer.tcp_connections() == 1);
  one.server.renew_tcp(one.now, one.now);
  one.ask_over_tcp();
  one.run_until([&] { return one.answers == 5; });
  CHECK(one.peer.tcp_connections() == 2);
  CHECK(one.peer.udp_queries() == 0);
}

TEST_CASE("upstream server: another TCP connection waits beside an old one") {
  OneUpstream one(no_reply);
  one.ask_over_tcp();
  one.run_until([&] { return one.peer.tcp_queries() == 1; });
  one.server.renew_tcp(one.now, one.now);
  one.peer.speak(right_reply);
  one.ask_over_tcp();
  one.run_until([&] { return one.answers == 1; });
  CHECK(one.failures.empty());
  one.server.close();
  CHECK(one.failures.size() == 1);
}

TEST_CASE("upstream server: answers, refusals and failures are counted") {
  OneUpstream one(no_reply);
  const UpstreamCounters& counters = one.server.counters();
  CHECK(one.server.round_trip().expected() == 0ns);
  one.server.note_answer(20ms, one.now, Rcode::kNxDomain);
  CHECK(one.server.round_trip().smoothed() == 20ms);
  one.server.note_refusal(3s, one.now, Rcode::kServFail);
  one.server.note_refusal(1s, one.now, Rcode::kServFail);
  CHECK(one.server.round_trip().smoothed() == 20ms);  // not measured
  UpstreamCounts counts;
  add(counters, counts);
  add(counters, counts);  // as if another worker had the same counts
  const auto& nxdomain = counts.answers[std::size_t(RcodeClass::kNxDomain)];
  CHECK(nxdomain.answers() == 2);
  CHECK(nxdomain.nanoseconds == 40'000'000);
  const auto& servfail = counts.answers[std::size_t(RcodeClass::kServFail)];
  CHECK(servfail.answers() == 4);
  CHECK(servfail.nanoseconds == 8'000'000'000);
  CHECK(counts.answers[std::size_t(RcodeClass::kNoError)].answers() == 0);
  one.server.note_late(one.now);
  one.server.note_error(one.now, "is unreachable");
  one.server.note_worse_refusal(one.now, Rcode::kServFail);
  CHECK(counters.failures.value() == 3);
  CHECK(one.server.round_trip().is_lossy());  // the worse refusal
}

TEST_CASE("upstream server: it is measured again, sooner when it lost some") {
  OneUpstream one(no_reply);
  one.ask();
  CHECK_FALSE(one.server.take_probe(one.now + kMeasureAgain));
  CHECK(one.server.take_probe(one.now + kMeasureAgain + 1ms));
  one.server.note_loss();
  CHECK_FALSE(one.server.take_probe(one.now + kMeasureLossyAgain));
  CHECK(one.server.take_probe(one.now + kMeasureLossyAgain + 1ms));
}

}  // namespace
}  // namespace canopy
