// TCP over real sockets on loopback: RFC 7766, and clients that misbehave.
#include "server/listen/tcp_session.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>

#include <atomic>
#include <thread>

#include "tests/server/dns_client.h"
#include "tests/server/scripted_workers.h"

namespace canopy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

TestPlan plan_with(const TcpSettings& tcp) {
  TestPlan plan = ScriptedWorkers::loopback();
  plan.tcp = tcp;
  return plan;
}

template <typename Condition>
bool eventually(Condition condition) {
  const auto end = steady_clock::now() + seconds(20);
  while (!condition()) {
    if (steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

bool patiently(milliseconds time) {
  std::this_thread::sleep_for(time);
  return false;
}

TEST_CASE("questions in one segment are answered as answers come") {
  ScriptedWorkers served;
  const TcpClient client(served.cache_tier());
  client.send_octets(framed("hold 1") + framed("now 2") + framed("hold 3") +
                     framed("release"));
  CHECK(client.receive() == "now 2");
  CHECK(client.receive() == "hold 3");
  CHECK(client.receive() == "hold 1");
  CHECK(client.receive() == "release");
}

TEST_CASE("a question may come octet by octet, and be 65,535 octets long") {
  ScriptedWorkers served;
  const TcpClient client(served.cache_tier());
  for (const char octet : framed("now slowly")) {
    client.send_octets({&octet, 1});
  }
  CHECK(client.receive() == "now slowly");
  const std::string longest = "now" + std::string(65'532, 'x');
  CHECK(client.ask(longest) == longest);
  CHECK(client.ask("now again") == "now again");
}

TEST_CASE("many questions at once are all answered") {
  ScriptedWorkers served;
  const TcpClient client(served.cache_tier());
  std::string octets;
  for (int i = 0; i < 2000; ++i) octets += framed("now " + std::to_string(i));
  std::thread sender([&] { client.send_octets(octets); });
  for (int i = 0; i < 2000; ++i) {
    CHECK(client.receive() == "now " + std::to_string(i));
  }
  sender.join();
}

TEST_CASE("after the client has closed its side, answers still come") {
  ScriptedWorkers served;
  const TcpClient client(served.cache_tier());
  client.send_octets(framed("hold") + framed("never") + framed("now"));
  client.close_sending_side();
  CHECK(client.receive() == "now");
  CHECK(UdpClient(served.cache_tier()).ask("release") == "release");
  CHECK(client.receive() == "hold");
  CHECK(client.is_closed_by_server());
  CHECK(eventually([&] { return served.workers().tcp_connections() == 0; }));
}

TEST_CASE("all of a pipeline is answered after the client closed its side") {
  // More than max_in_flight; the rest waits in the buffer.
  ScriptedWorkers served(plan_with({.max_in_flight = 4}));
  const TcpClient client(served.cache_tier());
  std::string octets;
  for (int i = 0; i < 50; ++i) octets += framed("hold");
  client.send_octets(octets);
  client.close_sending_side();
  CHECK(eventually([&] { return served.handled() == 4; }));
  // Each released answer makes room for a query, which is released too.
  UdpClient(served.cache_tier()).ask("release");
  for (int i = 0; i < 50; ++i) CHECK(client.receive() == "hold");
  CHECK(client.is_closed_by_server());
}

TEST_CASE("no more than so many questions are under way") {
  ScriptedWorkers served(plan_with({.max_in_flight = 8}));
  const TcpClient client(served.cache_tier());
  std::string octets;
  for (int i = 0; i < 20; ++i) octets += framed("hold");
  client.send_octets(octets);
  CHECK(eventually([&] { return served.handled() >= 8; }));
  // After one more datagram on the same thread, nothing else was handled.
  CHECK(UdpClient(served.cache_tier()).ask("now") == "now");
  CHECK(served.handled() == 9);
}

TEST_CASE("a silent client is closed after the idle time-out") {
  ScriptedWorkers served(plan_with({.idle_timeout = milliseconds(100)}));
  const auto before = steady_clock::now();
  const TcpClient client(served.cache_tier());
  CHECK(client.is_closed_by_server());
  CHECK(steady_clock::now() - before >= milliseconds(100));
  CHECK(served.counters().tcp_idle_closed.value() == 1);
  CHECK(eventually([&] { return served.workers().tcp_connections() == 0; }));
}

TEST_CASE("a message must be complete within the idle time-out") {
  ScriptedWorkers served(plan_with({.idle_timeout = milliseconds(200)}));
  const TcpClient client(served.cache_tier());
  CHECK(client.ask("now") == "now");
  client.send_octets(std::string_view("\x7f\xff", 2));
  const auto start = steady_clock::now();
  // Single octets do not keep it open.
  while (client.is_open() && steady_clock::now() - start < seconds(10)) {
    client.send_octets("x");
    pollfd waits{client.number(), POLLIN, 0};
    ::poll(&waits, 1, 10);
  }
  CHECK(steady_clock::now() - start < seconds(5));
  CHECK(client.is_closed_by_server());
}

TEST_CASE("waiting for an answer is not idleness") {
  ScriptedWorkers served(plan_with({.idle_timeout = milliseconds(50)}));
  const TcpClient client(served.cache_tier());
  client.send("hold");
  pollfd waits{client.number(), POLLIN, 0};
  CHECK(::poll(&waits, 1, 300) == 0);
  UdpClient(served.cache_tier()).ask("release");
  CHECK(client.receive() == "hold");
  CHECK(client.is_closed_by_server());
}

TEST_CASE("at the limit, the longest idle connection makes room") {
  ScriptedWorkers served(plan_with({.max_connections = 2}));
  const TcpClient first(served.cache_tier(), "127.0.0.2");
  CHECK(first.ask("now 1") == "now 1");
  const TcpClient second(served.cache_tier(), "127.0.0.3");
  CHECK(second.ask("now 2") == "now 2");
  CHECK(first.ask("now 3") == "now 3");
  const TcpClient third(served.cache_tier(), "127.0.0.4");
  CHECK(third.ask("now 4") == "now 4");
  CHECK(second.is_closed_by_server());
  CHECK(first.ask("now 5") == "now 5");
  CHECK(served.workers().tcp_connections() == 2);
}

TEST_CASE("at the limit, with all busy, a new connection is closed") {
  ScriptedWorkers served(plan_with({.max_connections = 2}));
  const TcpClient first(served.cache_tier(), "127.0.0.2");
  const TcpClient second(served.cache_tier(), "127.0.0.3");
  first.send("hold 1");
  second.send("hold 2");
  CHECK(eventually([&] { return served.handled() == 2; }));
  const TcpClient third(served.cache_tier(), "127.0.0.4");
  CHECK(third.is_closed_by_server());
  CHECK(served.counters().tcp_full.value() == 1);
  UdpClient(served.cache_tier()).ask("release");
  CHECK(first.receive() == "hold 1");
  CHECK(second.receive() == "hold 2");
}

TEST_CASE("a client with its share of connections leaves the others theirs") {
  ScriptedWorkers served(plan_with({.max_connections = 4}));
  const TcpClient first(served.cache_tier(), "127.0.0.2");
  const TcpClient second(served.cache_tier(), "127.0.0.2");
  first.send("hold 1");
  second.send("hold 2");
  CHECK(eventually([&] { return served.handled() == 2; }));
  CHECK(TcpClient(served.cache_tier(), "127.0.0.2").is_closed_by_server());
  CHECK(served.counters().tcp_over_share.value() == 1);
  const TcpClient other(served.cache_tier(), "127.0.0.3");
  CHECK(other.ask("now 3") == "now 3");
  // The client's own idle connection is closed, not another client's.
  CHECK(UdpClient(served.cache_tier()).ask("release") == "release");
  CHECK(first.receive() == "hold 1");
  const TcpClient third(served.cache_tier(), "127.0.0.2");
  CHECK(third.ask("now 4") == "now 4");
  CHECK(other.ask("now 5") == "now 5");
  CHECK(served.workers().tcp_connections() == 3);
}

TEST_CASE("a client that does not read is not read, and then dropped") {
  ScriptedWorkers served(plan_with({.idle_timeout = milliseconds(300)}));
  const TcpClient client(served.cache_tier());
  ::fcntl(client.number(), F_SETFL, O_NONBLOCK);
  constexpr int kAsked = 20'000;
  std::string octets;
  for (int i = 0; i < kAsked; ++i) octets += framed("big");
  std::string_view rest = octets;
  const auto end = steady_clock::now() + seconds(20);
  bool dropped = false;
  while (!dropped && steady_clock::now() < end) {
    const ssize_t count =
        ::send(client.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
    pollfd waits{client.number(), POLLRDHUP, 0};
    dropped = ::poll(&waits, 1, 10) > 0;
  }
  CHECK(dropped);
  CHECK(served.handled() < kAsked / 4);
  CHECK(UdpClient(served.cache_tier()).ask("now") == "now");
  CHECK(served.workers().tcp_connections() == 0);
}

TestPlan plan_with_memory(std::size_t octets) {
  TestPlan plan = ScriptedWorkers::loopback();
  plan.memory.waiting = octets;
  return plan;
}

TEST_CASE("what waits for clients that do not read is bounded in total") {
  constexpr std::size_t kBudget = 4 << 20;
  ScriptedWorkers served(plan_with_memory(kBudget));
  std::vector<std::unique_ptr<TcpClient>> greedy;
  std::string octets;
  for (int i = 0; i < 60; ++i) octets += framed("hold big");
  for (int i = 0; i < 100; ++i) {
    const std::string source = "127.0.7." + std::to_string(i % 10 + 1);
    greedy.push_back(
        std::make_unique<TcpClient>(served.cache_tier(), source.c_str()));
    greedy.back()->send_octets(octets);
  }
  CHECK(eventually([&] { return served.handled() == 6000; }));
  // 6,000 answers of 60,000 octets are 343 MiB; the kernel buffers a few of
  // them.
  CHECK(UdpClient(served.cache_tier()).ask("release") == "release");
  CHECK(served.workers().budget().used() <= kBudget);
  CHECK(served.counters().tcp_shed_answers.value() >= 50);
  // Another client still gets an answer that it does not read at once.
  const TcpClient modest(served.cache_tier());
  modest.send("big");
  CHECK(UdpClient(served.cache_tier()).ask("now") == "now");
  CHECK(modest.receive()->size() == 60'000);
  greedy.clear();
  CHECK(eventually(
      [&] { return served.workers().budget().used() == kConnectionOctets; }));
}

TEST_CASE("parts of long messages are bounded in total") {
  constexpr std::size_t kBudget = 2 << 20;
  ScriptedWorkers served(plan_with_memory(kBudget));
  std::vector<std::unique_ptr<TcpClient>> greedy;
  const std::string half = "\xff\xff" + std::string(60'000, 'x');
  for (int i = 0; i < 50; ++i) {
    greedy.push_back(
        std::make_unique<TcpClient>(served.cache_tier(), "127.0.7.1"));
    greedy.back()->send_octets(half);
  }
  CHECK(eventually(
      [&] { return served.counters().tcp_shed_questions.value() > 0; }));
  CHECK(served.workers().budget().used() <= kBudget / 2);
  const TcpClient modest(served.cache_tier());
  const std::string longest = "now" + std::string(65'532, 'x');
  CHECK(modest.ask(longest) == longest);
}

TEST_CASE("a client that reads slowly gets every answer, in order") {
  ScriptedWorkers served;
  const TcpClient client(served.cache_tier());
  std::string octets;
  for (int i = 0; i < 100; ++i) {
    octets += framed("big") + framed("now " + std::to_string(i));
  }
  client.send_octets(octets);
  for (int i = 0; i < 100; ++i) {
    CHECK(client.receive() == std::string(60'000, 'x'));
    CHECK(client.receive() == "now " + std::to_string(i));
  }
}

TEST_CASE("connections share the memory, too") {
  ScriptedWorkers served(plan_with_memory(4 * kConnectionOctets));
  const TcpClient first(served.cache_tier(), "127.0.0.2");
  const TcpClient second(served.cache_tier(), "127.0.0.2");
  first.send("hold 1");
  second.send("hold 2");
  CHECK(eventually([&] { return served.handled() == 2; }));
  CHECK(TcpClient(served.cache_tier(), "127.0.0.2").is_closed_by_server());
  CHECK(TcpClient(served.cache_tier(), "127.0.0.3").ask("now") == "now");
}

TEST_CASE("a client that goes away while its answer is made does no harm") {
  ScriptedWorkers served;
  {
    const TcpClient client(served.cache_tier());
    client.send("hold");
    CHECK(eventually([&] { return served.handled() == 1; }));
    const linger at_once{1, 0};
    ::setsockopt(client.number(), SOL_SOCKET, SO_LINGER, &at_once,
                 sizeof at_once);
  }
  CHECK(eventually([&] { return served.workers().tcp_connections() == 0; }));
  CHECK(UdpClient(served.cache_tier()).ask("release") == "release");
}

TEST_CASE("draining answers on, and waits for what is under way") {
  ScriptedWorkers served;
  const TcpClient idle(served.cache_tier());
  CHECK(idle.ask("now") == "now");
  const TcpClient busy(served.cache_tier());
  busy.send("hold");
  CHECK(eventually([&] { return served.handled() == 2; }));
  std::thread drain([&] {
    served.workers().drain({.quiet = milliseconds(50), .grace = seconds(20)},
                           patiently);
  });
  CHECK(idle.is_closed_by_server());
  CHECK(UdpClient(served.cache_tier()).ask("release") == "release");
  CHECK(busy.receive() == "hold");
  CHECK(busy.is_closed_by_server());
  drain.join();
}

TEST_CASE("a question that came before the last call is answered") {
  ScriptedWorkers served;
  const TcpClient client(served.cache_tier());
  CHECK(client.ask("now") == "now");
  const UdpClient other(served.cache_tier());
  other.send("block");
  CHECK(eventually([&] { return served.handled() == 2; }));
  client.send("now or never");
  std::atomic<bool> called{false};
  std::thread drain([&] {
    served.workers().drain({.quiet = milliseconds(0), .grace = seconds(20)},
                           [&](milliseconds time) {
                             called = true;
                             return patiently(time);
                           });
  });
  CHECK(eventually([&] { return called.load(); }));
  served.unblock();
  CHECK(client.receive() == "now or never");
  CHECK(client.is_closed_by_server());
  drain.join();
}

TEST_CASE("draining ends at once when told so") {
  ScriptedWorkers served;
  const TcpClient busy(served.cache_tier());
  busy.send("hold");
  CHECK(eventually([&] { return served.handled() == 1; }));
  const auto before = steady_clock::now();
  served.workers().drain({.quiet = seconds(60), .grace = seconds(60)},
                         [](milliseconds) { return true; });
  CHECK(steady_clock::now() - before < seconds(20));
}

TEST_CASE("draining ends when the grace time is over") {
  ScriptedWorkers served;
  const TcpClient busy(served.cache_tier());
  busy.send("hold");
  CHECK(eventually([&] { return served.handled() == 1; }));
  const auto before = steady_clock::now();
  served.workers().drain(
      {.quiet = milliseconds(10), .grace = milliseconds(200)}, patiently);
  CHECK(steady_clock::now() - before >= milliseconds(200));
  CHECK(steady_clock::now() - before < seconds(10));
}

}  // namespace
}  // namespace canopy
