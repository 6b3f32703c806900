#include "healthz/ares_channel.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "healthz/probe_channel.h"
#include "tests/healthz/scripted_server.h"

namespace canopy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Failure = AresChannel::Failure;

// www.test. TXT, recursion desired.
Message question_with(std::uint8_t id) {
  return {0,   id,  1,   0, 0,   1,   0,   0,   0, 0, 0,  0, 3,
          'w', 'w', 'w', 4, 't', 'e', 's', 't', 0, 0, 16, 0, 1};
}
std::optional<Message> echo(const Message& query) {
  return reply_to(query, 0, "text");
}
std::optional<Message> nothing(const Message&) { return std::nullopt; }

// What the receivers of a test were told, in order.
struct Told {
  Message reply;
  std::optional<Failure> failure;
};

class Asking {
 public:
  explicit Asking(ScriptedServer::Script script,
                  const AresChannel::Options& options = {})
      : server(io, std::move(script)),
        channel(std::make_unique<AresChannel>(io, options)) {
    REQUIRE(channel->aim_at(server.endpoint()) == "");
  }

  void send(std::uint8_t id) {
    channel->send(question_with(id), std::make_unique<Receiver>(*this));
  }
  void run_until(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + seconds(30);
    while (!holds()) {
      REQUIRE(std::chrono::steady_clock::now() < limit);
      io.run_one_for(milliseconds(100));
    }
  }
  const Told& wait_for(std::size_t count) {
    run_until([&] { return told.size() >= count; });
    REQUIRE(told.size() == count);
    return told.back();
  }

  boost::asio::io_context io{1};
  ScriptedServer server;
  std::vector<Told> told;
  std::size_t receivers = 0;  // that are alive
  std::unique_ptr<AresChannel> channel;

 private:
  class Receiver : public AresChannel::Receiver {
   public:
    explicit Receiver(Asking& asking) : asking_(asking) { ++asking_.receivers; }
    ~Receiver() override { --asking_.receivers; }
    void on_outcome(const AresChannel::Outcome& outcome) override {
      asking_.told.push_back(
          {{outcome.reply.begin(), outcome.reply.end()}, {}});
      if (outcome.has_reply()) return;
      CHECK(outcome.reply.empty());
      CHECK(std::string(outcome.reason) != "");
      asking_.told.back().failure = outcome.failure;
    }

   private:
    Asking& asking_;
  };
};

boost::asio::ip::udp::endpoint port_without_server() {
  boost::asio::io_context io(1);
  return ScriptedServer(io, nothing).endpoint();
}

TEST_CASE("c-ares channel: a reply comes back as the server sent it") {
  for (const bool over_tcp : {false, true}) {
    CAPTURE(over_tcp);
    Asking asking(echo, {.over_tcp = over_tcp});
    asking.send(7);
    const Told& told = asking.wait_for(1);
    CHECK(told.reply == *echo(question_with(7)));
    CHECK_FALSE(told.failure);
    CHECK(asking.receivers == 0);
    CHECK(asking.server.udp_queries() == (over_tcp ? 0 : 1));
    CHECK(asking.server.tcp_queries() == (over_tcp ? 1 : 0));
  }
}

TEST_CASE("c-ares channel: SERVFAIL, REFUSED and NOTIMP are replies") {
  for (const std::uint8_t rcode : {2, 4, 5}) {
    CAPTURE(rcode);
    Asking asking([rcode](const Message& query) {
      return reply_to(query, rcode, std::nullopt);
    });
    asking.send(1);
    const Told& told = asking.wait_for(1);
    REQUIRE(told.reply.size() > 3);
    CHECK((told.reply[3] & 15) == rcode);
  }
}

TEST_CASE("c-ares channel: messages that wait at once have their own replies") {
  for (const bool over_tcp : {false, true}) {
    CAPTURE(over_tcp);
    Asking asking(echo, {.over_tcp = over_tcp, .stays_open = true});
    for (std::uint8_t id = 1; id <= 20; ++id) asking.send(id);
    asking.wait_for(20);
    std::set<int> ids;
    for (const Told& told : asking.told) {
      REQUIRE(told.reply.size() > 2);
      ids.insert(told.reply[1]);
    }
    CHECK(ids.size() == 20);
    CHECK(asking.receivers == 0);
  }
}

TEST_CASE("c-ares channel: one that stays open keeps its connection") {
  for (const bool stays_open : {false, true}) {
    CAPTURE(stays_open);
    Asking asking(echo, {.over_tcp = true, .stays_open = stays_open});
    for (std::uint8_t id = 1; id <= 3; ++id) {
      asking.send(id);
      asking.wait_for(id);
    }
    CHECK(asking.server.tcp_connections() == (stays_open ? 1 : 3));
  }
}

TEST_CASE("c-ares channel: a lost datagram is sent again, by its tries") {
  Asking asking(nothing, {.timeout = milliseconds(10), .tries = 3});
  asking.send(1);
  CHECK(asking.wait_for(1).failure == Failure::kTimedOut);
  CHECK(asking.server.udp_queries() == 3);
}

TEST_CASE("c-ares channel: with one try it does not look at the clock") {
  Asking asking(nothing, {.timeout = milliseconds(1)});
  asking.send(1);
  asking.run_until([&] { return asking.server.udp_queries() == 1; });
  asking.io.run_for(milliseconds(50));
  CHECK(asking.told.empty());
  asking.channel->cancel();
  CHECK(asking.wait_for(1).failure == Failure::kCancelled);
  CHECK(asking.server.udp_queries() == 1);
}

TEST_CASE("c-ares channel: expire() ends nothing before its time") {
  Asking asking(nothing, {.over_tcp = true, .timeout = seconds(60)});
  asking.send(1);
  asking.run_until([&] { return asking.server.tcp_queries() == 1; });
  asking.channel->expire();
  CHECK(asking.told.empty());
}

TEST_CASE("c-ares channel: it takes new questions after a cancellation") {
  Asking asking(nothing);
  asking.send(1);
  asking.send(2);
  asking.channel->cancel();
  REQUIRE(asking.told.size() == 2);
  CHECK(asking.told[0].failure == Failure::kCancelled);
  CHECK(asking.told[1].failure == Failure::kCancelled);
  asking.server.speak(echo);
  asking.send(3);
  CHECK_FALSE(asking.wait_for(3).failure);
}

TEST_CASE("c-ares channel: a port without a server refuses") {
  for (const bool over_tcp : {false, true}) {
    CAPTURE(over_tcp);
    Asking asking(nothing, {.over_tcp = over_tcp});
    REQUIRE(asking.channel->aim_at(port_without_server()) == "");
    asking.send(1);
    CHECK(asking.wait_for(1).failure == Failure::kRefused);
  }
}

TEST_CASE("c-ares channel: its end fails what waits, and handlers are idle") {
  for (const bool over_tcp : {false, true}) {
    CAPTURE(over_tcp);
    Asking asking(echo, {.over_tcp = over_tcp, .tries = over_tcp ? 1 : 3});
    asking.send(1);
    asking.send(2);
    // One more has been answered, but its handler did not run yet.
    asking.run_until([&] {
      return asking.server.udp_queries() + asking.server.tcp_queries() > 0;
    });
    const std::size_t answered = asking.told.size();
    asking.channel.reset();
    REQUIRE(asking.told.size() == 2);
    for (std::size_t i = answered; i < 2; ++i) {
      CHECK(asking.told[i].failure == Failure::kOther);
    }
    CHECK(asking.receivers == 0);
    asking.io.run_for(milliseconds(20));
    CHECK(asking.told.size() == 2);
  }
}

TEST_CASE("c-ares channel: it goes to the server it was last aimed at") {
  Asking asking(nothing);
  ScriptedServer other(asking.io, echo);
  REQUIRE(asking.channel->aim_at(other.endpoint()) == "");
  asking.send(1);
  CHECK_FALSE(asking.wait_for(1).failure);
  CHECK(other.udp_queries() == 1);
  CHECK(asking.server.udp_queries() == 0);
}

TEST_CASE("c-ares channel: IPv6 and link-local servers are taken") {
  using boost::asio::ip::make_address;
  boost::asio::io_context io(1);
  for (const char* address : {"::1", "2001:db8::1", "fe80::53%lo"}) {
    CAPTURE(address);
    AresChannel channel(io, {});
    CHECK(channel.aim_at({make_address(address), 5353}) == "");
    CHECK_NOTHROW(ProbeChannel(io, {.server = {make_address(address), 5353}}));
  }
}

TEST_CASE("c-ares channel: without a question it sends nothing") {
  Asking asking(echo, {.tries = 3});
  asking.channel->expire();
  asking.channel->cancel();
  asking.io.run_for(milliseconds(20));
  CHECK(asking.told.empty());
  CHECK(asking.server.udp_queries() == 0);
}

}  // namespace
}  // namespace canopy
