// Answers to queries that a server block's rewrite rules change.
#include <doctest/doctest.h>

#include <string>

#include "server/config/corefile_plan.h"
#include "tests/server/config/corefiles.h"
#include "tests/support/message_text.h"
#include "tests/support/test_server.h"

using namespace canopy;
using namespace std::chrono_literals;
using test::TestServer;

namespace {

constexpr std::string_view kRewriteCluster = R"(
    service prod/web 10.96.0.1 http:80/TCP
    service prod/out external-name www.example.com
)";

std::shared_ptr<const Plan> plan_of(const Corefiles& files) {
  const CorefileSettings read = files.read();
  REQUIRE(read.faults.empty());
  return compile_corefile(read.settings.blocks, {}, {});
}

std::shared_ptr<const Plan> plan_with_rules(const std::string& rules) {
  return plan_of(one_block(rules +
                           "\nkubernetes cluster.local\nforward . 192.0.2.53\n"
                           "cache\n"));
}

// The reply without its first line, the rcode and flags.
std::string records(const std::string& reply) {
  return reply.substr(reply.find('\n') + 1);
}

}  // namespace

TEST_CASE("a name leads to a Service, and the answer is about the name") {
  TestServer server(kRewriteCluster);
  server.use_plan(
      plan_with_rules("rewrite name shop.example web.prod.svc.cluster.local"));
  for (int i = 0; i < 2; ++i) {  // the second one from the cache
    CHECK(server.ask("sHop.example. A") ==
          "NOERROR aa rd ra\nsHop.example. 30 IN A 10.96.0.1\n");
  }
  CHECK(
      server.ask("shop.example. AAAA").starts_with("NOERROR aa rd ra\n; auth"));
  CHECK(server.ask("x.shop.example. A").starts_with("SERVFAIL"));  // upstreams
}

TEST_CASE("one cached answer serves a Service's name and a rewritten one") {
  TestServer server(kRewriteCluster);
  server.use_plan(
      plan_with_rules("rewrite name shop.example web.prod.svc.cluster.local"));
  server.ask("web.prod.svc.cluster.local. A");
  CHECK(server.counters().cache_hits.value() == 0);
  server.ask("shop.example. A");
  CHECK(server.counters().cache_hits.value() == 1);
}

TEST_CASE("the answers of an upstream are turned back, cached ones too") {
  TestServer server(kRewriteCluster);
  server.use_plan(
      plan_with_rules("rewrite name suffix .a.example .b.example answer auto"));
  server.upstreams().answer("www.b.example. A",
                            "www.b.example. 300 IN CNAME lb.b.example.\n"
                            "lb.b.example. 60 IN A 192.0.2.1\n");
  CHECK(server.ask("www.a.example. A") ==
        "NOERROR rd ra\nwww.a.example. 300 IN CNAME lb.a.example.\n"
        "lb.a.example. 60 IN A 192.0.2.1\n");
  server.advance(10s);
  CHECK(server.ask("www.a.example. A") ==
        "NOERROR rd ra\nwww.a.example. 290 IN CNAME lb.a.example.\n"
        "lb.a.example. 50 IN A 192.0.2.1\n");
  CHECK(server.ask("www.b.example. A") ==
        "NOERROR rd ra\nwww.b.example. 290 IN CNAME lb.b.example.\n"
        "lb.b.example. 50 IN A 192.0.2.1\n");
  CHECK(server.upstreams().asked().size() == 1);
}

TEST_CASE("which names of an answer are turned back depends on the rule") {
  struct Row {
    const char* rule;
    const char* answer;
  };
  constexpr std::string_view kFrom = "x.b. 9 IN SRV 0 1 80 y.x.b.\n";
  for (const Row& row : {
           // exact: the name and all names below it, in values too.
           Row{"name x.a x.b", "x.a. 9 IN SRV 0 1 80 y.x.a.\n"},
           // Without an answer rule: the owner alone.
           Row{"name suffix .a .b", "x.a. 9 IN SRV 0 1 80 y.x.b.\n"},
           Row{"name regex (.*)\\.a {1}.b", "x.a. 9 IN SRV 0 1 80 y.x.b.\n"},
           Row{"name prefix x.a x.b answer auto",
               "x.a. 9 IN SRV 0 1 80 y.x.a.\n"},
           Row{"name substring a. b. answer auto",
               "x.a. 9 IN SRV 0 1 80 y.x.a.\n"},
           Row{"name suffix .a .b answer auto",
               "x.a. 9 IN SRV 0 1 80 y.x.a.\n"},
           Row{"name regex (.*)\\.a {1}.b answer name (.*)\\.b {1}.c",
               "x.c. 9 IN SRV 0 1 80 y.x.b.\n"},
           Row{"name regex (.*)\\.a {1}.b answer value (.*)\\.b {1}.c",
               "x.b. 9 IN SRV 0 1 80 y.x.c.\n"},
           Row{"name suffix .a .b answer name x.b x.a answer value "
               "(.*)\\.b {1}.d",
               "x.a. 9 IN SRV 0 1 80 y.x.d.\n"},
           // The last answer rule is the first that is used.
           Row{"name suffix .a .b answer name c.a d.a answer name x.b c.a",
               "d.a. 9 IN SRV 0 1 80 y.x.b.\n"},
           // A text that is no name changes nothing.
           Row{"name suffix .a .b answer name (.*) {1}.a",
               "x.b. 9 IN SRV 0 1 80 y.x.b.\n"},
       }) {
    CAPTURE(row.rule);
    TestServer server(kRewriteCluster);
    server.use_plan(plan_with_rules(std::string("rewrite ") + row.rule));
    server.upstreams().answer("x.b. SRV", std::string(kFrom));
    CHECK(records(server.ask("x.a. SRV")) == row.answer);
  }
}

TEST_CASE("rules that continue are turned back in reverse order") {
  TestServer server(kRewriteCluster);
  server.use_plan(
      plan_with_rules("rewrite continue name suffix .a .b answer auto\n"
                      "rewrite name suffix .b .c answer auto"));
  server.upstreams().answer("x.c. A", "x.c. 9 IN A 192.0.2.1\n");
  CHECK(records(server.ask("x.a. A")) == "x.a. 9 IN A 192.0.2.1\n");
}

TEST_CASE("a type is rewritten, and the question keeps its own") {
  TestServer server(kRewriteCluster);
  server.use_plan(plan_with_rules("rewrite type ANY A"));
  server.upstreams().answer("x.a. A", "x.a. 9 IN A 192.0.2.1\n");
  CHECK(records(server.ask("x.a. ANY")) == "x.a. 9 IN A 192.0.2.1\n");
}

TEST_CASE("TTLs get the bounds of a rule, after they aged") {
  TestServer server(kRewriteCluster);
  server.use_plan(plan_with_rules("rewrite ttl suffix .a 15-20"));
  server.upstreams().answer("x.a. A", "x.a. 60 IN A 192.0.2.1\n");
  CHECK(records(server.ask("x.a. A")) == "x.a. 20 IN A 192.0.2.1\n");
  server.advance(42s);
  CHECK(records(server.ask("x.a. A")) == "x.a. 18 IN A 192.0.2.1\n");
  server.advance(6s);
  CHECK(records(server.ask("x.a. A")) == "x.a. 15 IN A 192.0.2.1\n");
}

TEST_CASE("a rewritten text that is not a name is SERVFAIL, and says why") {
  TestServer server(kRewriteCluster);
  server.use_plan(plan_with_rules("rewrite name regex (.*) {1}.b"));
  const std::string reply = server.ask("x.a. A +edns=1232");
  CHECK(reply.starts_with("SERVFAIL"));
  CHECK(reply.find("a rewrite rule made a name that is not a domain name") !=
        std::string::npos);
}

TEST_CASE("a chain out of the cluster begins with the client's name") {
  TestServer server(kRewriteCluster);
  server.use_plan(
      plan_with_rules("rewrite name out.example out.prod.svc.cluster.local"));
  server.upstreams().answer("www.example.com. A",
                            "www.example.com. 60 IN A 192.0.2.7\n");
  const auto expected = [](int ttl) {
    return "out.example. 30 IN CNAME www.example.com.\nwww.example.com. " +
           std::to_string(ttl) + " IN A 192.0.2.7\n";
  };
  CHECK(records(server.ask("out.example. A")) == expected(60));
  server.advance(10s);
  // The zone's own TTL does not age.
  CHECK(records(server.ask("out.example. A")) == expected(50));
}

TEST_CASE("a rewritten query stays in its server block") {
  TestServer server(kRewriteCluster);
  server.use_plan(
      plan_of({"a.example:53 {\n rewrite name suffix .a.example "
               ".b.example\n forward . 192.0.2.53\n}\n"
               "b.example:53 {\n kubernetes cluster.local\n}\n"}));
  server.upstreams().answer("x.b.example. A",
                            "x.b.example. 9 IN A 192.0.2.1\n");
  CHECK(server.ask("x.b.example. A").starts_with("REFUSED"));
  CHECK(records(server.ask("x.a.example. A")) ==
        "x.a.example. 9 IN A 192.0.2.1\n");
}

TEST_CASE("an answer that grows beyond the client's size is truncated") {
  TestServer server(kRewriteCluster);
  const std::string label(60, 'l');
  server.use_plan(
      plan_with_rules("rewrite name suffix ." + label + ".a .b answer auto"));
  std::string many;
  for (int i = 1; i <= 24; ++i) {
    many += "m.b. 60 IN MX 1 m" + std::to_string(i) + ".b.\n";
  }
  server.upstreams().answer("m.b. MX", many);
  const std::string reply = server.ask("m." + label + ".a. MX");
  CHECK(reply.starts_with("NOERROR tc rd ra\n"));
  CHECK(server.ask("m.b. MX").starts_with("NOERROR rd ra\n"));
}

TEST_CASE("a query that waits is turned back after the rules changed") {
  TestServer server(kRewriteCluster);
  server.use_plan(plan_with_rules("rewrite name a.example b.example"));
  server.upstreams().answer("b.example. A", "b.example. 9 IN A 192.0.2.1\n");
  server.upstreams().hold();
  CHECK(server.ask("a.example. A") == "no reply");
  server.use_plan(plan_with_rules(""));  // fewer listeners than before
  server.upstreams().release();
  const auto replies = server.take_replies();
  REQUIRE(replies.size() == 1);
  CHECK(test::message_text(replies.front()) ==
        "NOERROR rd ra\na.example. 9 IN A 192.0.2.1\n");
}
