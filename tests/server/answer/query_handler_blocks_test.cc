// What a block's rules do to answers: TTL bounds, what is cached, and which
// listeners share cached answers.
#include <doctest/doctest.h>

#include <string>

#include "server/config/plan_compiler.h"
#include "tests/support/test_server.h"

using namespace canopy;
using namespace std::chrono_literals;
using test::TestServer;

namespace {

constexpr std::string_view kCluster = "service prod/web 10.96.0.1\n";
constexpr std::string_view kOutside = "www.example.com. A";

// A plan with one listener for each of these blocks.
std::shared_ptr<const Plan> plan_with(std::vector<Block> blocks) {
  std::vector<Listener> listeners;
  for (Block& block : blocks) {
    listeners.push_back({.blocks = {std::move(block)}});
  }
  return std::make_shared<const Plan>(std::move(listeners));
}

Block root(std::optional<CacheRules> cache) {
  return {.domain = Name(), .cache = cache, .upstreams = UpstreamGroup{}};
}

// Returns the first line of the answer section, or of the authority section if
// that is empty.
std::string record(const std::string& reply) {
  const std::size_t begin =
      reply.find('\n', reply.find("\n; authority") == reply.find('\n')
                           ? reply.find('\n') + 1
                           : 0) +
      1;
  return reply.substr(begin, reply.find('\n', begin) - begin);
}

}  // namespace

TEST_CASE("the block's TTL bounds hold for the first answer and cached ones") {
  TestServer server(kCluster);
  server.use_plan(plan_with({root(CacheRules{.positive = TtlRange{10, 30}})}));
  server.upstreams().answer(kOutside, "www.example.com. 300 IN A 192.0.2.1\n");
  CHECK(record(server.ask(kOutside)) == "www.example.com. 30 IN A 192.0.2.1");
  server.advance(29s);
  CHECK(record(server.ask(kOutside)) == "www.example.com. 1 IN A 192.0.2.1");
  CHECK(server.upstreams().asked().size() == 2);  // the second: a refresh
  server.upstreams().answer("short.example. A",
                            "short.example. 1 IN A 192.0.2.2\n");
  CHECK(record(server.ask("short.example. A")) ==
        "short.example. 10 IN A 192.0.2.2");
  server.advance(5s);
  CHECK(record(server.ask("short.example. A")) ==
        "short.example. 5 IN A 192.0.2.2");
}

TEST_CASE("negative answers have bounds of their own") {
  TestServer server(kCluster);
  server.use_plan(plan_with({root(CacheRules{.negative = TtlRange{0, 5}})}));
  server.upstreams().answer("nowhere.example. A",
                            "NXDOMAIN\n; authority\nexample. 900 IN SOA ns. h. "
                            "1 2 3 4 900\n");
  CHECK(record(server.ask("nowhere.example. A")) ==
        "example. 5 IN SOA ns. h. 1 2 3 4 900");
  server.advance(6s);
  server.ask("nowhere.example. A");
  CHECK(server.upstreams().asked().size() == 2);
}

TEST_CASE("the TTLs that a zone of ours gave are not changed") {
  TestServer server("service prod/out external-name www.example.com\n");
  server.use_plan(plan_with({root(CacheRules{.positive = TtlRange{0, 7}})}));
  server.upstreams().answer(kOutside, "www.example.com. 300 IN A 192.0.2.1\n");
  const std::string reply = server.ask("out.prod.svc.cluster.local. A");
  CHECK(reply.find("out.prod.svc.cluster.local. 30 IN CNAME") !=
        std::string::npos);
  CHECK(reply.find("www.example.com. 7 IN A 192.0.2.1") != std::string::npos);
}

TEST_CASE("answers of a kind that the block does not cache are asked anew") {
  TestServer server(kCluster);
  server.use_plan(plan_with({root(CacheRules{.positive = std::nullopt})}));
  server.upstreams().answer(kOutside, "www.example.com. 300 IN A 192.0.2.1\n");
  for (int i = 0; i < 3; ++i) {
    CHECK(record(server.ask(kOutside)) ==
          "www.example.com. 300 IN A 192.0.2.1");
  }
  CHECK(server.upstreams().asked().size() == 3);
  // The cluster's own answers are still cached: they are never stale.
  server.ask("web.prod.svc.cluster.local. A");
  server.ask("web.prod.svc.cluster.local. A");
  CHECK(server.counters().cache_hits.value() == 1);
}

TEST_CASE("an answer of an earlier plan's upstreams is not cached") {
  TestServer server(kCluster);
  server.upstreams().answer(kOutside, "www.example.com. 300 IN A 192.0.2.1\n");
  server.upstreams().be_of_plan(0);  // the query joined an earlier fetch
  for (int i = 0; i < 2; ++i) {
    CHECK(record(server.ask(kOutside)) ==
          "www.example.com. 300 IN A 192.0.2.1");
  }
  CHECK(server.upstreams().asked().size() == 2);
}

TEST_CASE("an answer that comes after a new plan is served, but not cached") {
  TestServer server(kCluster);
  server.upstreams().answer(kOutside, "www.example.com. 300 IN A 192.0.2.1\n");
  server.upstreams().hold();
  CHECK(server.ask(kOutside) == "no reply");
  server.change_upstreams();
  server.upstreams().release();
  CHECK(server.take_replies().size() == 1);
  server.ask(kOutside);
  CHECK(server.upstreams().asked().size() == 2);
}

TEST_CASE("listeners with equal blocks share cached answers, others do not") {
  const Block cached = root(CacheRules{});
  const Block other = root(CacheRules{.positive = TtlRange{0, 7}});
  TestServer server(kCluster);
  server.use_plan(plan_with({cached, other, cached}));
  server.upstreams().answer(kOutside, "www.example.com. 300 IN A 192.0.2.1\n");
  const auto ask_at = [&](std::uint8_t listener) {
    return record(server.ask(kOutside, {.listener = listener}));
  };
  CHECK(ask_at(0) == "www.example.com. 300 IN A 192.0.2.1");
  CHECK(ask_at(1) == "www.example.com. 7 IN A 192.0.2.1");
  CHECK(ask_at(2) == "www.example.com. 300 IN A 192.0.2.1");
  CHECK(server.upstreams().asked().size() == 2);
}

TEST_CASE(
    "a listener whose blocks serve no zones does not have the cluster's") {
  Block bare = root(std::nullopt);
  bare.serves_zones = false;
  bare.upstreams.reset();
  TestServer server(kCluster);
  server.use_plan(plan_with({root(CacheRules{}), bare}));
  const std::string_view question = "web.prod.svc.cluster.local. A";
  CHECK(server.ask(question, {.listener = 0}).starts_with("NOERROR aa"));
  CHECK(server.ask(question, {.listener = 1}).starts_with("REFUSED"));
}

TEST_CASE("a domain that falls through asks upstreams for names it lacks") {
  RecordOptions options = test::record_options();
  options.domain_falls_through = true;
  TestServer server(kCluster, options);
  server.upstreams().answer("more.prod.svc.cluster.local. A",
                            "more.prod.svc.cluster.local. 60 IN A 192.0.2.9\n");
  CHECK(record(server.ask("more.prod.svc.cluster.local. A")) ==
        "more.prod.svc.cluster.local. 60 IN A 192.0.2.9");
  CHECK(record(server.ask("web.prod.svc.cluster.local. A")) ==
        "web.prod.svc.cluster.local. 30 IN A 10.96.0.1");
  // An empty non-terminal exists, so it is not asked for.
  CHECK(server.ask("prod.svc.cluster.local. A").starts_with("NOERROR aa"));
  CHECK(server.upstreams().asked().size() == 1);
}
