// What a Corefile's server blocks mean for a query: the block that its name and
// its listener get, its upstreams, and how long answers are cached.
#include "server/config/corefile_plan.h"

#include <doctest/doctest.h>

#include "healthz/configuration_error.h"
#include "server/config/text_values.h"

namespace canopy {
namespace {

using Blocks = std::vector<ServerBlock>;

Name name(const std::string& text) { return *Name::from_text(text); }

ForwardRule forward(const std::string& from, const std::string& to) {
  return {.from = name(from), .to = {server_value(to)}, .at = "Corefile:2"};
}

ServerBlock server(const std::string& domain, std::vector<ForwardRule> rules,
                   std::uint16_t port = 53) {
  return {.keys = {{name(domain), port}},
          .forwards = std::move(rules),
          .at = "Corefile:1"};
}

const Block& rules_for(const Plan& plan, const std::string& qname,
                       std::size_t listener = 0) {
  return plan.listener(listener).block_for(name(qname));
}

// The upstreams for a name: "10.0.0.1:53", "refused".
std::string upstreams_for(const Plan& plan, const std::string& qname,
                          std::size_t listener = 0) {
  const Block& block = rules_for(plan, qname, listener);
  if (!block.forwards()) return "refused";
  std::string text;
  for (const SocketAddress& server : block.upstreams->servers) {
    text += (text.empty() ? "" : " ") + to_text(server);
  }
  return text.empty() ? block.upstreams->why_none : text;
}

TEST_CASE("server blocks of one port are one listener; the longest zone wins") {
  const auto plan = compile_corefile(
      Blocks{server(".", {forward(".", "10.0.0.1")}),
             server("corp.example", {forward(".", "10.0.0.2")})},
      {});
  REQUIRE(plan->listeners().size() == 1);
  CHECK(plan->listener(0).port == 53);
  CHECK(plan->listener(0).addresses.empty());
  CHECK(plan->listener(0).set_by == "Corefile:1");
  CHECK(upstreams_for(*plan, "www.example") == "10.0.0.1:53");
  CHECK(upstreams_for(*plan, "git.corp.example") == "10.0.0.2:53");
  CHECK(rules_for(*plan, "git.corp.example").upstreams->domain ==
        name("corp.example"));
}

TEST_CASE("names outside the zones of a port are refused, the cluster's too") {
  const auto plan = compile_corefile(
      Blocks{server("other.example", {forward(".", "10.0.0.3")}, 5300)}, {});
  CHECK(upstreams_for(*plan, "x.other.example") == "10.0.0.3:53");
  CHECK(upstreams_for(*plan, "www.example") == "refused");
  CHECK_FALSE(rules_for(*plan, "web.svc.cluster.local").serves_zones);
}

TEST_CASE("each port is a listener; the first one serves the cluster") {
  ServerBlock cluster = server(".", {forward(".", "10.0.0.1")});
  cluster.serves_cluster = true;
  const auto plan = compile_corefile(
      Blocks{server("other.example", {forward(".", "10.0.0.3")}, 5300),
             cluster},
      {});
  REQUIRE(plan->listeners().size() == 2);
  CHECK(plan->listener(0).port == 53);
  CHECK(rules_for(*plan, "a.svc.cluster.local").serves_zones);
  CHECK(plan->listener(1).port == 5300);
  CHECK(plan->listener(1).cache_part != plan->listener(0).cache_part);
}

TEST_CASE("one zone on two addresses is two listeners") {
  ServerBlock node = server(".", {forward(".", "10.0.0.1")});
  node.bind = {address_value("169.254.10.10")};
  ServerBlock pods = server(".", {forward(".", "10.0.0.2")});
  pods.bind = {address_value("169.254.10.11")};
  const auto plan = compile_corefile(Blocks{node, pods}, {});
  REQUIRE(plan->listeners().size() == 2);
  CHECK(plan->listener(0).addresses == node.bind);
  CHECK(upstreams_for(*plan, "a.example", 0) == "10.0.0.1:53");
  CHECK(upstreams_for(*plan, "a.example", 1) == "10.0.0.2:53");
}

TEST_CASE("addresses with the same server blocks are one listener") {
  ServerBlock root = server(".", {forward(".", "10.0.0.1")});
  root.bind = {address_value("169.254.20.10"), address_value("10.96.0.10")};
  ServerBlock stub = server("corp.example", {forward(".", "10.0.0.2")});
  stub.bind = root.bind;
  const auto plan = compile_corefile(Blocks{root, stub}, {});
  REQUIRE(plan->listeners().size() == 1);
  CHECK(plan->listener(0).addresses == root.bind);
}

TEST_CASE("the first forward that applies is used; except leaves names out") {
  ForwardRule corp = forward("corp.example", "10.0.0.2");
  corp.except = {name("lab.corp.example")};
  ForwardRule rest = forward(".", "10.0.0.1");
  rest.except = {name("secret.example")};
  const auto plan = compile_corefile(Blocks{server(".", {corp, rest})}, {});
  CHECK(upstreams_for(*plan, "git.corp.example") == "10.0.0.2:53");
  CHECK(upstreams_for(*plan, "x.lab.corp.example") == "10.0.0.1:53");
  CHECK(upstreams_for(*plan, "www.example") == "10.0.0.1:53");
  CHECK(upstreams_for(*plan, "a.secret.example") == "refused");
  CHECK(rules_for(*plan, "x.lab.corp.example").upstreams->domain == Name());
}

TEST_CASE("an exception inside the zone of another server block is not used") {
  ForwardRule rest = forward(".", "10.0.0.1");
  rest.except = {name("a.corp.example"), name("corp.example")};
  const auto plan = compile_corefile(
      Blocks{server(".", {rest}),
             server("corp.example", {forward(".", "10.0.0.2")})},
      {});
  CHECK(upstreams_for(*plan, "x.a.corp.example") == "10.0.0.2:53");
  CHECK(upstreams_for(*plan, "corp.example") == "10.0.0.2:53");
}

TEST_CASE("the cache's zones, TTLs and exceptions hold below their domains") {
  ServerBlock block = server(".", {forward(".", "10.0.0.1")});
  block.cache = CacheSettings{.positive = {0, 30},
                              .negative = {0, 5},
                              .not_positive = {name("cluster.local")},
                              .not_negative = {name("corp.example")}};
  const auto plan = compile_corefile(Blocks{block}, {});
  const auto cache = [&](const std::string& qname) {
    return rules_for(*plan, qname).cache.value();
  };
  CHECK(cache("www.example").positive == TtlRange{0, 30});
  CHECK(cache("www.example").negative == TtlRange{0, 5});
  CHECK_FALSE(cache("a.cluster.local").positive);
  CHECK(cache("a.cluster.local").negative == TtlRange{0, 5});
  CHECK(cache("a.corp.example").positive == TtlRange{0, 30});
  CHECK_FALSE(cache("a.corp.example").negative);
}

TEST_CASE("a cache for some zones alone does not cache other names") {
  ServerBlock block = server(".", {forward(".", "10.0.0.1")});
  block.cache = CacheSettings{.domains = {name("corp.example")}};
  const auto plan = compile_corefile(Blocks{block}, {});
  CHECK(rules_for(*plan, "a.corp.example").caches());
  CHECK_FALSE(rules_for(*plan, "www.example").caches());
}

TEST_CASE("a rule keeps the order of its servers and its transport") {
  ForwardRule rule = forward(".", "10.0.0.1");
  rule.to = {server_value("10.0.0.2"), std::string("/etc/resolv.conf"),
             server_value("10.0.0.1:5353")};
  rule.order = UpstreamOrder::kAsWritten;
  rule.first_transport = Transport::kTcp;
  const auto plan = compile_corefile(
      Blocks{server(".", {rule})},
      {.servers = {{"/etc/resolv.conf", {{server_value("10.0.0.9")}, ""}}}});
  CHECK(upstreams_for(*plan, "a.example") ==
        "10.0.0.2:53 10.0.0.9:53 10.0.0.1:5353");
  const UpstreamGroup& group = *rules_for(*plan, "a.example").upstreams;
  CHECK(group.order == UpstreamOrder::kAsWritten);
  CHECK(group.first_transport == Transport::kTcp);
}

TEST_CASE("a rule over TLS has the texts of its files") {
  ForwardRule rule = forward(".", "10.0.0.1:853");
  rule.first_transport = Transport::kTcp;
  rule.tls = ForwardTls{.server_name = "dns.example", .authorities = "/ca"};
  const auto plan =
      compile_corefile(Blocks{server(".", {rule})}, {.pem = {{"/ca", "PEM"}}});
  const UpstreamGroup& group = *rules_for(*plan, "a.example").upstreams;
  CHECK(group.tls ==
        TlsUpstream{.server_name = "dns.example", .authorities = "PEM"});
}

TEST_CASE("a rule without a usable server says why") {
  ForwardRule rule = forward(".", "10.0.0.1");
  rule.to = {std::string("/etc/resolv.conf")};
  const auto plan = compile_corefile(
      Blocks{server(".", {rule})},
      {.servers = {{"/etc/resolv.conf", {{}, "it has no usable nameserver"}}}});
  CHECK(upstreams_for(*plan, "a.example") ==
        "forward in Corefile:2 has no usable server: it has no usable "
        "nameserver");
}

TEST_CASE("more listeners than parts of the cache are refused") {
  Blocks blocks;
  for (std::uint16_t i = 0; i <= Plan::kMostListeners; ++i) {
    const auto port = static_cast<std::uint16_t>(1000 + i);
    blocks.push_back(server(".", {forward(".", "10.0.0.1")}, port));
  }
  CHECK_THROWS_AS(compile_corefile(blocks, {}), ConfigurationError);
  blocks.pop_back();
  CHECK(compile_corefile(blocks, {})->listeners().size() ==
        Plan::kMostListeners);
}

TEST_CASE("rules of rewrite count as listeners, equal plans are equal") {
  Blocks blocks;
  for (std::uint16_t i = 0; i < Plan::kMostListeners / 2; ++i) {
    const auto port = static_cast<std::uint16_t>(1000 + i);
    blocks.push_back(server(".", {forward(".", "10.0.0.1")}, port));
    blocks.back().rewrites.push_back({.to = "b."});
  }
  CHECK(*compile_corefile(blocks, {}) == *compile_corefile(blocks, {}));
  const auto plan = compile_corefile(blocks, {});
  blocks.back().rewrites.front().to = "c.";
  CHECK_FALSE(*compile_corefile(blocks, {}) == *plan);
  blocks.push_back(server(".", {forward(".", "10.0.0.1")}, 2000));
  CHECK_THROWS_AS(compile_corefile(blocks, {}), ConfigurationError);
}

TEST_CASE("a server block's hosts table answers for all of its domains") {
  const SharedHosts hosts{
      std::make_shared<const HostsTable>(RecordList(), HostsRules())};
  const auto plan = compile_corefile(
      Blocks{server(".", {forward("corp.example", "10.0.0.2"),
                          forward(".", "10.0.0.1")}),
             server("other.example", {forward(".", "10.0.0.3")})},
      {}, {hosts, {}});
  CHECK(rules_for(*plan, "www.example").hosts.table == hosts.table);
  CHECK(rules_for(*plan, "git.corp.example").hosts.table == hosts.table);
  CHECK_FALSE(rules_for(*plan, "www.other.example").hosts);
}

}  // namespace
}  // namespace canopy
