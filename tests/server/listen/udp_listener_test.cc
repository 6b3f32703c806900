// Datagrams over real sockets on loopback.
#include "server/listen/udp_listener.h"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "healthz/guarded.h"
#include "tests/server/dns_client.h"
#include "tests/server/scripted_workers.h"

namespace canopy {
namespace {

std::string bind_refusal(const TestPlan& plan) {
  try {
    const ScriptedWorkers served(plan);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "bound";
}

TEST_CASE("each of a burst of datagrams is answered once") {
  ScriptedWorkers served;
  const UdpClient client(served.cache_tier());
  std::set<std::string> asked;
  std::set<std::string> answered;
  for (int i = 0; i < 200; ++i) {
    const std::string text = "now " + std::to_string(i);
    asked.insert(text);
    client.send(text);
  }
  for (int i = 0; i < 200; ++i) answered.insert(client.receive());
  CHECK(answered == asked);
  CHECK(served.handled() == 200);
}

TEST_CASE("a question that makes something throw costs that question") {
  ScriptedWorkers served;
  const std::uint64_t before = caught_exceptions()["worker"];
  for (int i = 0; i < 3; ++i) {
    const UdpClient client(served.cache_tier());
    client.send("throw");
    // Sends each alone, because an exception loses the rest of its batch.
    while (caught_exceptions()["worker"] == before + i) {
      std::this_thread::yield();
    }
    client.send("now");
    CHECK(client.receive() == "now");
  }
}

TEST_CASE("each worker can be asked alone, for each tier and transport") {
  TestPlan plan = ScriptedWorkers::loopback();
  plan.workers = 3;
  ScriptedWorkers served(plan);
  const auto& cache = served.workers().probe_endpoints(Tier::kCache);
  const auto& zone = served.workers().probe_endpoints(Tier::kZone);
  REQUIRE(cache.size() == 3);
  REQUIRE(zone.size() == 3);
  const UdpClient second(cache[1]);
  second.send("block");
  for (const std::size_t other : {0, 2}) {
    CHECK(UdpClient(cache[other]).ask("tier") == "cache udp");
    CHECK(UdpClient(zone[other]).ask("tier") == "zone udp");
    CHECK(TcpClient(cache[other]).ask("tier") == "cache tcp");
    CHECK(TcpClient(zone[other]).ask("tier") == "zone tcp");
  }
  const UdpClient blocked(zone[1]);
  blocked.send("tier");
  served.unblock();
  CHECK(blocked.receive() == "zone udp");
  CHECK(second.receive() == "block");
}

TEST_CASE("an answer leaves from the address that was asked") {
  TestPlan plan = ScriptedWorkers::loopback();
  SUBCASE("IPv4, all addresses") {
    plan.addresses = {address_value("0.0.0.0")};
    ScriptedWorkers served(plan);
    const SocketAddress asked(address_value("127.0.0.2"),
                              served.cache_tier().port());
    // The client accepts no answer from another address.
    const UdpClient client(asked);
    CHECK(client.ask("now") == "now");
    client.send("hold");
    CHECK(UdpClient(asked).ask("release") == "release");
    CHECK(client.receive() == "hold");
  }
  SUBCASE("IPv6, all addresses") {
    plan.addresses = {address_value("::")};
    ScriptedWorkers served(plan);
    const UdpClient client({address_value("::1"), served.cache_tier().port()});
    CHECK(client.ask("now") == "now");
  }
  SUBCASE("one address") {
    plan.addresses = {address_value("127.0.0.3")};
    ScriptedWorkers served(plan);
    CHECK(UdpClient(served.cache_tier()).ask("now") == "now");
  }
}

TEST_CASE("without addresses, all of both families are bound") {
  TestPlan plan = ScriptedWorkers::loopback();
  plan.addresses.clear();
  ScriptedWorkers served(plan);
  const std::uint16_t port = served.cache_tier().port();
  CHECK(served.workers().cache_tier().size() == 2);
  CHECK(UdpClient({address_value("127.0.0.1"), port}).ask("now") == "now");
  CHECK(UdpClient({address_value("::1"), port}).ask("now") == "now");
  CHECK(TcpClient({address_value("::1"), port}).ask("now") == "now");
}

TEST_CASE("both tiers and both protocols know what they are") {
  ScriptedWorkers served;
  CHECK(UdpClient(served.cache_tier()).ask("tier") == "cache udp");
  CHECK(UdpClient(served.zone_tier()).ask("tier") == "zone udp");
  CHECK(TcpClient(served.cache_tier()).ask("tier") == "cache tcp");
  CHECK(TcpClient(served.zone_tier()).ask("tier") == "zone tcp");
}

TEST_CASE("the zone tier can be off") {
  TestPlan plan = ScriptedWorkers::loopback();
  plan.zone_port.reset();
  ScriptedWorkers served(plan);
  CHECK(served.workers().zone_tier().empty());
  CHECK(UdpClient(served.cache_tier()).ask("now") == "now");
}

TEST_CASE("several workers share one port") {
  TestPlan plan = ScriptedWorkers::loopback();
  plan.workers = 4;
  ScriptedWorkers served(plan);
  // Each client has its own port, whose hash selects a worker.
  for (int i = 0; i < 32; ++i) {
    CHECK(UdpClient(served.cache_tier()).ask("now") == "now");
    CHECK(TcpClient(served.cache_tier()).ask("now") == "now");
  }
  int busy = 0;
  for (std::size_t i = 0; i < served.workers().size(); ++i) {
    busy += served.workers().counters(i).tcp_connections.value() > 0;
  }
  CHECK(busy >= 2);
}

TEST_CASE("an empty and a long datagram are handed over") {
  ScriptedWorkers served;
  const UdpClient client(served.cache_tier());
  CHECK(client.ask("") == "");
  // Cut to a size that is enough for any query.
  const std::string text = client.ask("now" + std::string(8000, 'x'));
  CHECK(text.size() == 4096);
}

TEST_CASE("a port in use is told by address, protocol and what to do") {
  ScriptedWorkers served;
  TestPlan plan = ScriptedWorkers::loopback();
  plan.dns_port = served.cache_tier().port();
  // Another process of the same user could share the port; we must not.
  CHECK(bind_refusal(plan) ==
        "cannot listen on 127.0.0.1:" + std::to_string(plan.dns_port) +
            " (UDP): Address already in use: another process listens there; "
            "stop it or choose another --dns-port or --dns-bind-address");
  plan.dns_port = 0;
  plan.zone_port = served.zone_tier().port();
  CHECK(bind_refusal(plan).find("choose another --zone-port") !=
        std::string::npos);
  plan.zone_port = 0;
  plan.addresses = {address_value("192.0.2.1")};
  CHECK(bind_refusal(plan) ==
        "cannot listen on 192.0.2.1:0 (UDP): Cannot assign requested address: "
        "this machine has no such address; correct --dns-bind-address");
}

}  // namespace
}  // namespace canopy
