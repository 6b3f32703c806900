// Queries over TLS: certificates, pipelining, closed connections, sessions.
#include "server/forward/tls_channel.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "healthz/configuration_error.h"
#include "server/forward/forward_timing.h"
#include "tests/server/tls_peer.h"

namespace canopy {
namespace {

using namespace std::chrono_literals;
using ChannelFailure = UpstreamChannel::Failure;

struct TlsRun {
  explicit TlsRun(TlsUpstream upstream = {}, bool trusts = true) {
    if (trusts) upstream.authorities = peer.certificate().certificate;
    tls = std::make_shared<TlsContext>(upstream);
    channel = std::make_unique<TlsChannel>(io, peer.endpoint(), tls);
  }

  void ask(std::uint16_t id) {
    const std::vector<std::uint8_t> question = {
        static_cast<std::uint8_t>(id >> 8),
        static_cast<std::uint8_t>(id),
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
    channel->send(question, std::make_unique<Told>(*this));
  }
  void run_until(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
      REQUIRE(std::chrono::steady_clock::now() < limit);
      io.run_one_for(100ms);
    }
  }
  void ask_and_wait(std::uint16_t id) {
    const std::size_t before = answers.size();
    ask(id);
    run_until([&] { return answers.size() > before; });
  }

  class Told final : public UpstreamChannel::Receiver {
   public:
    explicit Told(TlsRun& by) : by_(by) {}
    bool on_message(std::span<const std::uint8_t> message) override {
      by_.answers.push_back(message[0] * 256 + message[1]);
      return true;
    }
    void on_failure(ChannelFailure failure) override {
      by_.failures.push_back(failure);
    }

   private:
    TlsRun& by_;
  };

  boost::asio::io_context io{1};
  TlsPeer peer{io};
  std::shared_ptr<TlsContext> tls;
  std::vector<int> answers;  // IDs
  std::vector<ChannelFailure> failures;
  std::unique_ptr<TlsChannel> channel;
};

TEST_CASE("TLS: many queries share one connection") {
  TlsRun run;
  for (std::uint16_t id = 1; id <= 50; ++id) run.ask(id);
  run.run_until([&] { return run.answers.size() == 50; });
  run.ask_and_wait(51);
  CHECK(run.peer.handshakes == 1);
  CHECK(run.peer.queries == 51);
  CHECK(run.channel->outstanding() == 0);
  CHECK(run.failures.empty());
}

TEST_CASE("TLS: without a name the certificate must have the address") {
  TlsRun run;
  run.ask_and_wait(1);
  CHECK(run.peer.server_name.empty());
}

TEST_CASE("TLS: a name is sent as SNI, and the certificate must have it") {
  TlsRun right({.server_name = "dns.example"});
  right.ask_and_wait(1);
  CHECK(right.peer.server_name == "dns.example");

  TlsRun wrong({.server_name = "other.example"});
  wrong.ask(1);
  wrong.run_until([&] { return !wrong.failures.empty(); });
  CHECK(wrong.failures == std::vector{ChannelFailure::kUnreachable});
  CHECK(wrong.peer.queries == 0);
}

TEST_CASE("TLS: an upstream with an unknown authority gets no query") {
  TlsRun run({}, false);
  run.ask(1);
  run.run_until([&] { return !run.failures.empty(); });
  CHECK(run.peer.queries == 0);
}

TEST_CASE("TLS: after a closed connection the next one resumes the session") {
  TlsRun run;
  run.ask_and_wait(1);
  run.peer.close_connections();
  run.peer.answers = false;
  run.ask(2);  // fails, or opens the next connection
  run.run_until(
      [&] { return !run.failures.empty() || run.peer.handshakes == 2; });
  run.peer.answers = true;
  run.ask_and_wait(3);
  CHECK(run.peer.handshakes == 2);
  CHECK(run.peer.resumed == 1);
}

TEST_CASE("TLS: queries that wait fail when the connection is closed") {
  TlsRun run;
  run.peer.answers = false;
  run.ask(1);
  run.ask(2);
  run.run_until([&] { return run.peer.queries == 2; });
  run.peer.close_connections();
  run.run_until([&] { return run.failures.size() == 2; });
  CHECK(run.channel->outstanding() == 0);
}

TEST_CASE("TLS: a query expires, and a handshake that hangs is given up") {
  TlsRun run;
  boost::asio::ip::tcp::acceptor silent(
      run.io, {boost::asio::ip::address_v4::loopback(), 0});
  const auto local = silent.local_endpoint();
  TlsChannel channel(run.io, {local.address(), local.port()}, run.tls);
  const std::vector<std::uint8_t> question(17, 0);
  channel.send(question, std::make_unique<TlsRun::Told>(run));
  run.io.run_for(10ms);
  CHECK(run.failures.empty());
  channel.tick(std::chrono::steady_clock::now() + kPatience + 1ms);
  CHECK(run.failures == std::vector{ChannelFailure::kTimedOut});
}

TEST_CASE("TLS: texts that are not PEM are refused") {
  CHECK_THROWS_AS(TlsContext({.authorities = "x"}), ConfigurationError);
  CHECK_THROWS_AS(TlsContext({.certificate = "x", .key = "x"}),
                  ConfigurationError);
  const TestCertificate one;
  const TestCertificate other;
  CHECK_THROWS_AS(
      TlsContext({.certificate = one.certificate, .key = other.key}),
      ConfigurationError);
  CHECK_NOTHROW(TlsContext({.certificate = one.certificate, .key = one.key}));
}

TEST_CASE("TLS: a channel may be destroyed at any time") {
  for (int steps = 0; steps < 30; ++steps) {
    TlsRun run;
    run.ask(1);
    for (int i = 0; i < steps; ++i) run.io.run_one_for(10ms);
    run.channel.reset();
    run.io.run_for(1ms);
    CHECK(run.answers.size() + run.failures.size() == 1);
  }
}

}  // namespace
}  // namespace canopy
