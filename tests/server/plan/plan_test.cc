// Which block a query's name gets, and how plans are published.
#include "server/plan/plan.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "server/config/plan_compiler.h"
#include "server/plan/plan_store.h"
#include "server/plan/rewrites.h"

namespace canopy {
namespace {

Block block(const std::string& domain, const std::string& why = {}) {
  return {.domain = *Name::from_text(domain),
          .upstreams = UpstreamGroup{{}, why}};
}

std::string block_for(const Plan& plan, const std::string& qname) {
  const Name name = *Name::from_text(qname);
  return plan.listener(0).block_for(name).domain.to_text();
}

TEST_CASE("the longest domain that holds a name has its block") {
  const Plan plan(
      {Listener{.blocks = {block("."), block("example"), block("corp.example"),
                           block("a.corp.example")}}});
  CHECK(block_for(plan, ".") == ".");
  CHECK(block_for(plan, "example.com") == ".");
  CHECK(block_for(plan, "notexample") == ".");
  CHECK(block_for(plan, "example") == "example.");
  CHECK(block_for(plan, "x.CORP.Example") == "corp.example.");
  CHECK(block_for(plan, "b.a.corp.example") == "a.corp.example.");
}

TEST_CASE("names of no block are refused, on a listener without blocks all") {
  const Plan plan({Listener{.blocks = {block("example")}}, Listener{}});
  CHECK(block_for(plan, "www.example") == "example.");
  CHECK(block_for(plan, "www.test") == ".");
  const Name other = *Name::from_text("www.test");
  CHECK_FALSE(plan.listener(0).block_for(other).forwards());
  CHECK_FALSE(plan.listener(1).block_for(other).forwards());
  CHECK_FALSE(plan.listener(1).forwards());
}

TEST_CASE("of several blocks for one domain the last counts") {
  const Plan plan(
      {Listener{.blocks = {block("a.example", "1"), block("A.example", "2")}}});
  const Name name = *Name::from_text("a.example");
  const Block& found = plan.listener(0).block_for(name);
  CHECK(found.upstreams->why_none == "2");
}

TEST_CASE("two tiers are two listeners; only the cache tier forwards") {
  ListenSettings listen;
  listen.dns_port = 1053;
  listen.zone_port.reset();
  const auto plan = compile(listen, {{Name(), {}}});
  const Listener& cache = plan->listener(0);
  const Listener& zone = plan->listener(1);
  CHECK(cache.port == 1053);
  CHECK(cache.set_by == "--dns-port");
  CHECK(cache.forwards());
  CHECK(cache.blocks.front().caches());
  CHECK_FALSE(zone.port.has_value());
  CHECK_FALSE(zone.forwards());
  CHECK_FALSE(zone.blocks.front().caches());
}

// The block with one rule; rewritten queries are answered by `inner`.
Block with_rules(Block outer, Block inner) {
  auto rules = std::make_shared<Rewrites>();
  rules->rules.push_back({.to = "b."});
  rules->blocks.push_back(std::move(inner));
  outer.rewrites.rules = std::move(rules);
  return outer;
}

TEST_CASE("rewritten queries have listeners without port, by number") {
  const Plan plan({{.blocks = {with_rules(block("."), block("."))}},
                   {.blocks = {with_rules(block("a"), block(".")), block(".")}},
                   {.blocks = {block(".")}}});
  REQUIRE(plan.listeners().size() == 3);
  REQUIRE(plan.for_rewritten().size() == 1);  // their blocks are equal
  CHECK(plan.listener(0).blocks.back().rewrites.listener == 3);
  CHECK(plan.listener(1).blocks.front().rewrites.listener == 3);
  CHECK_FALSE(plan.numbered(3).port);
  CHECK(&plan.numbered(1) == &plan.listener(1));
  // A number of an earlier plan.
  CHECK(&plan.numbered(4) == &plan.listener(0));
  CHECK(&plan.numbered(255) == &plan.listener(0));
}

TEST_CASE("listeners share cached answers whatever their rewrites") {
  const Plan plan({{.blocks = {with_rules(block("."), block("."))}},
                   {.blocks = {with_rules(block("."), block(".", "others"))}}});
  REQUIRE(plan.for_rewritten().size() == 2);
  CHECK(plan.listener(1).cache_part == plan.listener(0).cache_part);
  CHECK(plan.numbered(2).cache_part == plan.listener(0).cache_part);
  CHECK(plan.numbered(3).cache_part != plan.listener(0).cache_part);
}

TEST_CASE("an equal plan is no new edition") {
  PlanStore store;
  PlanStore::Reader reader(store);
  const std::uint64_t first = reader.edition();
  store.publish(compile({}, {{Name(), {}}}));
  CHECK(reader.current().listener(0).forwards());
  const std::uint64_t second = reader.edition();
  CHECK(second != first);
  store.publish(compile({}, {{Name(), {}}}));
  reader.current();
  CHECK(reader.edition() == second);
}

TEST_CASE("readers see plans in order, each with its own edition") {
  constexpr int kPlans = 2'000;
  PlanStore store;
  std::atomic<bool> all_published{false};
  std::jthread publisher([&] {
    for (int i = 1; i <= kPlans; ++i) {
      store.publish(
          compile({}, {{Name(), UpstreamGroup{{}, std::to_string(i)}}}));
    }
    all_published = true;
  });
  PlanStore::Reader reader(store);
  bool is_last = false;
  while (!is_last) {
    is_last = all_published;
    const Block& block = reader.current().listener(0).blocks.back();
    const std::string number =
        block.forwards() ? block.upstreams->why_none : "0";
    // The plan and its edition were read together.
    REQUIRE(number == std::to_string(reader.edition()));
  }
  CHECK(reader.edition() == kPlans);
}

}  // namespace
}  // namespace canopy
