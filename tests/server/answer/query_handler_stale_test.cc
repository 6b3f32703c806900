// Answers when upstreams fail: stale answers and cached failures.  Also how
// popular answers are fetched again before they expire.
#include <doctest/doctest.h>

#include <string>

#include "cache/ttl_rules.h"
#include "tests/support/message_text.h"
#include "tests/support/test_server.h"

using namespace canopy;
using namespace std::chrono_literals;
using test::TestServer;

namespace {

constexpr std::string_view kQuestion = "www.example.com. A";
constexpr std::string_view kAsk = "www.example.com. A +edns";
constexpr std::string_view kAddress = "www.example.com. 60 IN A 192.0.2.1\n";
const std::string kStale =
    "NOERROR rd ra\n"
    "www.example.com. 30 IN A 192.0.2.1\n"
    "; edns 1232 ede=3 \"all timed out\"\n";

// Caches an answer that expired a second ago, and makes the upstreams fail.
TestServer& make_stale(TestServer& server) {
  server.upstreams().answer(kQuestion, kAddress);
  server.ask(kQuestion);
  server.advance(61s);
  server.upstreams().fail(kQuestion, "all timed out");
  return server;
}

}  // namespace

TEST_CASE("an expired answer serves when no upstream does (RFC 8767)") {
  TestServer server("");
  make_stale(server);
  CHECK(server.ask(kAsk) == kStale);
  CHECK(server.upstreams().asked().size() == 2);
  CHECK(server.counters().cache_stale.value() == 1);
  // The upstreams are not asked again for a while.
  server.advance(kStaleRecheck - 1s);
  CHECK(server.ask(kAsk).starts_with("NOERROR rd ra\nwww.example.com. 1 IN A"));
  CHECK(server.upstreams().asked().size() == 2);
  server.advance(1s);
  CHECK(server.ask(kAsk) == kStale);
  CHECK(server.upstreams().asked().size() == 3);
  // A new answer of an upstream is used at once.
  server.upstreams().answer(kQuestion, "www.example.com. 60 IN A 192.0.2.2\n");
  server.advance(kStaleRecheck);
  CHECK(server.ask(kQuestion) ==
        "NOERROR rd ra\nwww.example.com. 60 IN A 192.0.2.2\n");
}

TEST_CASE("SERVFAIL and REFUSED of all upstreams are failures too") {
  for (const std::string_view rcode : {"SERVFAIL\n", "REFUSED\n"}) {
    TestServer server("");
    make_stale(server);
    server.upstreams().answer(kQuestion, rcode);
    CHECK(server.ask(kQuestion) ==
          "NOERROR rd ra\nwww.example.com. 30 IN A 192.0.2.1\n");
  }
  // NXDOMAIN of an upstream is not a failure: the name is gone.
  TestServer server("");
  make_stale(server);
  server.upstreams().answer(kQuestion, "NXDOMAIN\n");
  CHECK(server.ask(kQuestion) == "NXDOMAIN rd ra\n");
}

TEST_CASE("stale answers have an end") {
  TestServer server("");
  make_stale(server);
  server.advance(kMaxStale - 2s);
  CHECK(server.ask(kAsk) == kStale);
  server.advance(kStaleRecheck);
  CHECK(server.ask(kAsk).starts_with("SERVFAIL"));
}

TEST_CASE("answers of other upstreams than today's are not served stale") {
  TestServer server("");
  make_stale(server);
  server.change_upstreams();
  CHECK(server.ask(kAsk).starts_with("SERVFAIL"));
}

TEST_CASE("a client that waits gets the stale answer, and later ones the new") {
  TestServer server("");
  make_stale(server);
  server.upstreams().answer(kQuestion, "www.example.com. 60 IN A 192.0.2.2\n");
  server.upstreams().hold();
  CHECK(server.ask(kAsk) == "no reply");
  server.upstreams().be_late("all timed out");
  auto replies = server.take_replies();
  REQUIRE(replies.size() == 1);
  CHECK(test::message_text(replies[0]) == kStale);
  server.upstreams().release();
  CHECK(server.take_replies().empty());
  CHECK(server.ask(kQuestion) ==
        "NOERROR rd ra\nwww.example.com. 60 IN A 192.0.2.2\n");
}

TEST_CASE("without a stale answer, a client waits for what comes") {
  TestServer server("");
  server.upstreams().answer(kQuestion, kAddress);
  server.upstreams().hold();
  CHECK(server.ask(kQuestion) == "no reply");
  server.upstreams().be_late("it takes long");
  CHECK(server.take_replies().empty());
  server.upstreams().release();
  CHECK(server.take_replies().size() == 1);
}

TEST_CASE("cluster names are never stale, whatever upstreams do") {
  TestServer server(R"(
    service prod/ext external-name www.example.com
    service prod/web 10.96.0.1
  )");
  server.upstreams().answer(kQuestion, kAddress);
  server.ask("ext.prod.svc.cluster.local. A");
  server.ask("web.prod.svc.cluster.local. A");
  server.advance(61s);
  server.upstreams().fail(kQuestion, "all timed out");
  // The zone's part still holds; the upstream's may be stale.
  CHECK(server.ask("ext.prod.svc.cluster.local. A +edns") ==
        "NOERROR aa rd ra\n"
        "ext.prod.svc.cluster.local. 30 IN CNAME www.example.com.\n"
        "www.example.com. 30 IN A 192.0.2.1\n"
        "; edns 1232 ede=3 \"all timed out\"\n");
  server.publish("service prod/ext external-name www.example.org");
  server.advance(kStaleRecheck);
  CHECK(server.ask("ext.prod.svc.cluster.local. A")
            .starts_with("SERVFAIL aa rd ra\next.prod.svc.cluster.local. 30 "
                         "IN CNAME www.example.org.\n"));
  CHECK(server.ask("web.prod.svc.cluster.local. A").starts_with("NXDOMAIN"));
}

TEST_CASE("a failure is remembered for two seconds (RFC 9520), and why") {
  for (const bool refused : {false, true}) {
    TestServer server("");
    server.upstreams().fail(kQuestion, "all timed out");
    if (refused) server.upstreams().answer(kQuestion, "REFUSED\n");
    const std::string rcode = refused ? "REFUSED" : "SERVFAIL";
    CHECK(server.ask(kQuestion) == rcode + " rd ra\n");
    for (int i = 0; i < 100; ++i) {
      CHECK(server.ask(kAsk).starts_with(rcode +
                                         " rd ra\n; edns 1232 ede=13 \""));
    }
    CHECK(server.upstreams().asked().size() == 1);
    CHECK(server.counters().cache_failures.value() == 100);
    server.advance(kFailureLifetime);
    server.upstreams().answer(kQuestion, kAddress);
    CHECK(server.ask(kQuestion).starts_with("NOERROR"));
  }
  TestServer server("");
  server.upstreams().fail(kQuestion, "all timed out");
  server.ask(kQuestion);
  CHECK(server.ask(kAsk) ==
        "SERVFAIL rd ra\n; edns 1232 ede=13 \"all timed out\"\n");
}

TEST_CASE("a failure that several wait for is no stale answer") {
  TestServer server("");
  server.upstreams().fail(kQuestion, "all timed out");
  server.upstreams().hold();
  for (int i = 0; i < 3; ++i) CHECK(server.ask(kAsk) == "no reply");
  server.upstreams().release();
  for (const Octets& reply : server.take_replies()) {
    CHECK(test::message_text(reply) ==
          "SERVFAIL rd ra\n; edns 1232 ede=22 \"all timed out\"\n");
  }
  server.advance(kFailureLifetime);
  server.upstreams().answer(kQuestion, kAddress);
  CHECK(server.ask(kQuestion).starts_with("NOERROR"));
}

TEST_CASE("a slow failure is remembered from its end") {
  TestServer server("");
  server.upstreams().fail(kQuestion, "all timed out", 4800ms);
  server.ask(kQuestion);
  server.advance(6s);
  CHECK(server.ask(kAsk).find("ede=13") != std::string::npos);
  server.advance(1s);
  CHECK(server.ask(kAsk).find("ede=22") != std::string::npos);
}

TEST_CASE("an answer that is asked for at its end is fetched early, once") {
  TestServer server("");
  server.upstreams().answer(kQuestion, "www.example.com. 100 IN A 192.0.2.1\n");
  server.ask(kQuestion);
  server.advance(89s);
  server.ask(kQuestion);
  CHECK(server.upstreams().asked().size() == 1);
  server.advance(1s);
  server.upstreams().hold();
  for (int i = 0; i < 3; ++i) {
    CHECK(server.ask(kQuestion) ==
          "NOERROR rd ra\nwww.example.com. 10 IN A 192.0.2.1\n");
  }
  CHECK(server.upstreams().asked().size() == 2);
  server.upstreams().release();
  CHECK(server.take_replies().empty());
  CHECK(server.ask(kQuestion) ==
        "NOERROR rd ra\nwww.example.com. 100 IN A 192.0.2.1\n");
  CHECK(server.counters().cache_prefetches.value() == 1);
}

TEST_CASE("a prefetch that fails changes nothing") {
  TestServer server("");
  server.upstreams().answer(kQuestion, kAddress);
  server.ask(kQuestion);
  server.advance(55s);
  server.upstreams().fail(kQuestion, "all timed out");
  for (int i = 0; i < 2; ++i) {
    CHECK(server.ask(kQuestion) ==
          "NOERROR rd ra\nwww.example.com. 5 IN A 192.0.2.1\n");
  }
  CHECK(server.upstreams().asked().size() == 2);
}

TEST_CASE("stale answers stay within the cache's bounds") {
  TestServer server("", test::record_options(), {.entries = 100});
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example.com. A";
    server.upstreams().answer(
        name, name.substr(0, name.size() - 1) + "60 IN A 192.0.2.1\n");
    server.ask(name);
    server.advance(1s);
  }
  CHECK(server.cache().totals().entries == 100);
}

namespace {

constexpr int kWaiters = 50;

// Returns how many answers are cached when many clients wait for one query.
std::uint64_t insertions(TestServer& server, std::string_view question) {
  const std::uint64_t before = server.cache().totals().insertions;
  server.upstreams().hold();
  for (int i = 0; i < kWaiters; ++i) CHECK(server.ask(question) == "no reply");
  server.upstreams().be_late("it takes long");
  server.upstreams().release();
  CHECK(server.take_replies().size() == kWaiters);
  return server.cache().totals().insertions - before;
}

}  // namespace

TEST_CASE("however many wait, an outcome is worked out once") {
  constexpr std::string_view kCluster =
      "service prod/ext external-name www.example.com";
  SUBCASE("an answer") {
    TestServer server(kCluster);
    server.upstreams().answer(kQuestion, kAddress);
    CHECK(insertions(server, kQuestion) == 1);
  }
  SUBCASE("an answer behind a zone's CNAME") {
    TestServer server(kCluster);
    server.upstreams().answer(kQuestion, kAddress);
    CHECK(insertions(server, "ext.prod.svc.cluster.local. A") == 1);
  }
  SUBCASE("a failure") {
    TestServer server(kCluster);
    server.upstreams().fail(kQuestion, "all timed out");
    CHECK(insertions(server, kQuestion) == 1);
  }
  SUBCASE("a stale answer") {
    TestServer server(kCluster);
    CHECK(insertions(make_stale(server), kQuestion) == 1);
  }
}

TEST_CASE("who waits for one outcome with other questions is told of those") {
  TestServer server("service prod/ext external-name www.example.com");
  server.upstreams().answer(kQuestion, kAddress);
  server.upstreams().hold();
  for (int i = 0; i < 2; ++i) {
    CHECK(server.ask(kQuestion) == "no reply");
    CHECK(server.ask("ext.prod.svc.cluster.local. A") == "no reply");
  }
  server.upstreams().release();
  std::string told;
  for (const Octets& reply : server.take_replies()) {
    told += test::message_text(reply);
  }
  const std::string plain = "NOERROR rd ra\n" + std::string(kAddress);
  const std::string chain =
      "NOERROR aa rd ra\n"
      "ext.prod.svc.cluster.local. 30 IN CNAME www.example.com.\n" +
      std::string(kAddress);
  CHECK(told == plain + chain + plain + chain);
}
