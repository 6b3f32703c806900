// Hosts files answer before zones and upstreams, and no answer is older than
// the file.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

#include "server/answer/query_handler.h"
#include "server/config/hosts_lines.h"
#include "tests/support/test_plan.h"
#include "tests/support/test_server.h"

using namespace canopy;
using test::TestServer;

namespace {

constexpr std::string_view kShop = "service shop/web 10.96.0.1\n";
constexpr std::string_view kWeb = "web.shop.svc.cluster.local. A";
constexpr std::string_view kFromZone =
    "NOERROR aa rd ra\n"
    "web.shop.svc.cluster.local. 30 IN A 10.96.0.1\n";
constexpr std::string_view kFromUpstream =
    "NOERROR rd ra\n"
    "www.example.com. 300 IN A 192.0.2.1\n";

// Publishes a plan with this hosts file, TTL 60, on the cache tier.
void set_hosts(TestServer& server, std::string_view lines,
               HostsRules rules = {}) {
  std::vector<Listener> listeners = test::plan_for()->listeners();
  listeners.front().blocks.front().hosts.table =
      std::make_shared<const HostsTable>(
          read_hosts_lines(lines, {.ttl = 60}).records, std::move(rules));
  server.use_plan(std::make_shared<const Plan>(std::move(listeners)));
}

HostsRules falls_through() { return {.fall_through = {Name()}}; }

std::string vault(std::string_view address) {
  return "NOERROR aa rd ra\nvault.corp.example. 60 IN A " +
         std::string(address) + '\n';
}

}  // namespace

TEST_CASE("a hosts file answers first; other names go on") {
  TestServer server(kShop);
  server.upstreams().answer("www.example.com. A", kFromUpstream);
  set_hosts(server, "10.0.0.1 vault.corp.example\n", falls_through());
  CHECK(server.ask("vault.corp.example. A") == vault("10.0.0.1"));
  CHECK(server.ask("vault.corp.example. AAAA") == "NOERROR aa rd ra\n");
  CHECK(server.upstreams().asked().empty());
  CHECK(server.ask(kWeb) == kFromZone);
  CHECK(server.ask("www.example.com. A") == kFromUpstream);
}

TEST_CASE("a hosts file may override the cluster, on its tier only") {
  TestServer server(kShop);
  set_hosts(server, "10.0.0.1 web.shop.svc.cluster.local\n", falls_through());
  CHECK(server.ask(kWeb) ==
        "NOERROR aa rd ra\n"
        "web.shop.svc.cluster.local. 60 IN A 10.0.0.1\n");
  CHECK(server.ask(kWeb, {.tier = Tier::kZone}) ==
        "NOERROR aa rd\n"
        "web.shop.svc.cluster.local. 30 IN A 10.96.0.1\n");
}

TEST_CASE("names without fallthrough are a failure that says so") {
  TestServer server(kShop);
  set_hosts(server, "10.0.0.1 vault.corp.example\n");
  CHECK(server.ask("www.example.com. A +edns=1232") ==
        "SERVFAIL rd ra\n"
        "; edns 1232 ede=0 \"the directive hosts lacks this name and has no "
        "fallthrough for it\"\n");
  CHECK(server.ask(kWeb) == "SERVFAIL rd ra\n");
  CHECK(server.upstreams().asked().empty());
}

TEST_CASE("a cached answer is never older than the hosts file") {
  TestServer server(kShop);
  server.upstreams().answer("www.example.com. A", kFromUpstream);
  set_hosts(server, "10.0.0.1 vault.corp.example\n", falls_through());
  for (int i = 0; i < 2; ++i) {
    CHECK(server.ask("vault.corp.example. A") == vault("10.0.0.1"));
    CHECK(server.ask("www.example.com. A") == kFromUpstream);
  }
  CHECK(server.counters().cache_hits.value() == 2);
  set_hosts(server,
            "10.0.0.2 vault.corp.example\n"
            "10.0.0.3 www.example.com\n",
            falls_through());
  CHECK(server.ask("vault.corp.example. A") == vault("10.0.0.2"));
  CHECK(server.ask("www.example.com. A") ==
        "NOERROR aa rd ra\nwww.example.com. 60 IN A 10.0.0.3\n");
  set_hosts(server, "", falls_through());
  CHECK(server.ask("www.example.com. A") == kFromUpstream);
  CHECK(server.ask("vault.corp.example. A").starts_with("SERVFAIL"));
  CHECK(server.counters().cache_hits.value() == 2);
}

TEST_CASE(
    "new zones outdate cached answers of a hosts file, the same file "
    "does not") {
  TestServer server(kShop);
  set_hosts(server, "10.0.0.1 vault.corp.example\n", falls_through());
  const auto is_hit = [&] {
    const auto before = server.counters().cache_hits.value();
    CHECK(server.ask("vault.corp.example. A") == vault("10.0.0.1"));
    return server.counters().cache_hits.value() > before;
  };
  CHECK_FALSE(is_hit());
  CHECK(is_hit());
  set_hosts(server, "10.0.0.1 Vault.corp.example # the same\n",
            falls_through());
  CHECK(is_hit());
  server.publish("service shop/web 10.96.0.2\n");
  CHECK_FALSE(is_hit());
  CHECK(is_hit());
}

TEST_CASE("a Service may lead to a name of a hosts file") {
  TestServer server("service shop/vault external-name vault.corp.example\n");
  set_hosts(server, "10.0.0.1 vault.corp.example\n", falls_through());
  const std::string name = "vault.shop.svc.cluster.local.";
  const std::string chain = name +
                            " 30 IN CNAME vault.corp.example.\n"
                            "vault.corp.example. 60 IN A 10.0.0.";
  CHECK(server.ask(name + " A") == "NOERROR aa rd ra\n" + chain + "1\n");
  CHECK(server.ask(name + " AAAA") ==
        "NOERROR aa rd ra\n" + name + " 30 IN CNAME vault.corp.example.\n");
  CHECK(server.upstreams().asked().empty());
  set_hosts(server, "10.0.0.2 vault.corp.example\n", falls_through());
  CHECK(server.ask(name + " A") == "NOERROR aa rd ra\n" + chain + "2\n");
}

TEST_CASE("all addresses of a name take turns in front") {
  TestServer server("");
  set_hosts(server, "10.0.0.1 a\n10.0.0.2 a\n10.0.0.3 a\n", falls_through());
  std::set<std::string> replies;
  for (int i = 0; i < 20; ++i) replies.insert(server.ask("a. A"));
  CHECK(replies.size() == 3);
}
