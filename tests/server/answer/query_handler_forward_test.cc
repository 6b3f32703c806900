// Answers that come from upstreams, in whole or in part.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "cache/ttl_rules.h"
#include "server/answer/query_handler.h"
#include "tests/support/message_text.h"
#include "tests/support/raw_message.h"
#include "tests/support/test_server.h"

using namespace canopy;
using namespace std::chrono_literals;
using test::RawMessage;
using test::TestServer;

namespace {

const TestServer::Way kZoneTier{.tier = Tier::kZone};
const TestServer::Way kTcp{.transport = Transport::kTcp};

constexpr std::string_view kCluster = R"(
  service prod/ext   external-name www.example.com
  service prod/in    external-name web.prod.svc.cluster.local
  service prod/twice external-name ext.prod.svc.cluster.local.
  service prod/gone  external-name nothing.prod.svc.cluster.local
  service prod/web   10.96.0.1
)";

constexpr std::string_view kAddress = "www.example.com. 60 IN A 192.0.2.1\n";

const std::string kCname =
    "ext.prod.svc.cluster.local. 30 IN CNAME www.example.com.\n";

const std::string kSoa =
    "example.com. 90 IN SOA ns.example.com. h.example.com. 1 2 3 4 90\n";

}  // namespace

TEST_CASE("outside names are forwarded, on the cache tier") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A", kAddress);
  CHECK(server.ask("www.Example.com. A") ==
        "NOERROR rd ra\nwww.Example.com. 60 IN A 192.0.2.1\n");
  CHECK(server.upstreams().asked() ==
        std::vector<std::string>{"www.Example.com. A"});
}

TEST_CASE("names of the cluster domain never leave") {
  TestServer server(kCluster);
  for (const std::string_view question :
       {"no.prod.svc.cluster.local. A", "cluster.local. MX",
        "a.b.c.d.cluster.local. TXT", "web.prod.svc.cluster.local. AAAA",
        "gone.prod.svc.cluster.local. A"}) {
    server.ask(question);
  }
  CHECK(server.upstreams().asked().empty());
}

TEST_CASE("a stub domain below the cluster domain is asked for its names") {
  TestServer server(R"(
    service prod/web 10.96.0.1
    service prod/ext external-name a.corp.cluster.local
    service prod/two external-name ext.prod.svc.cluster.local
  )");
  server.add_stub_domain("corp.cluster.local");
  server.upstreams().answer("a.corp.cluster.local. A",
                            "a.corp.cluster.local. 60 IN A 192.0.2.7\n");
  CHECK(server.ask("a.corp.cluster.local. A") ==
        "NOERROR rd ra\na.corp.cluster.local. 60 IN A 192.0.2.7\n");
  CHECK(
      server.ask("a.corp.cluster.local. A", kZoneTier).starts_with("NXDOMAIN"));
  CHECK(server.ask("web.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\nweb.prod.svc.cluster.local. 30 IN A 10.96.0.1\n");
  for (const std::string_view question :
       {"ext.prod.svc.cluster.local. A", "two.prod.svc.cluster.local. A"}) {
    CHECK(server.ask(question).ends_with(
        "ext.prod.svc.cluster.local. 30 IN CNAME a.corp.cluster.local.\n"
        "a.corp.cluster.local. 60 IN A 192.0.2.7\n"));
  }
}

TEST_CASE("a stub domain of the cluster domain or above it is not asked") {
  TestServer server(kCluster);
  server.add_stub_domain("local");
  server.add_stub_domain("cluster.local");
  CHECK(server.ask("no.prod.svc.cluster.local. A").starts_with("NXDOMAIN"));
  CHECK(server.upstreams().asked().empty());
}

TEST_CASE("a stub domain that comes takes its names out of the cache") {
  TestServer server(kCluster);
  CHECK(server.ask("web.prod.svc.cluster.local. A").starts_with("NOERROR aa"));
  server.upstreams().answer("web.prod.svc.cluster.local. A",
                            "web.prod.svc.cluster.local. 60 IN A 192.0.2.9\n");
  server.add_stub_domain("prod.svc.cluster.local");
  CHECK(server.ask("web.prod.svc.cluster.local. A") ==
        "NOERROR rd ra\nweb.prod.svc.cluster.local. 60 IN A 192.0.2.9\n");
}

TEST_CASE("forwarded TTLs count down, and the upstream is asked again") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A",
                            "www.example.com. 60 IN CNAME web.example.com.\n"
                            "web.example.com. 300 IN A 192.0.2.1\n");
  const auto ttls = [&server] {
    std::string text;
    const std::string reply = server.ask("www.example.com. A");
    for (std::size_t at = 0; (at = reply.find(". ", at)) != reply.npos; ++at) {
      if (reply.find(" IN ", at) == reply.find(' ', at + 2)) {
        text += reply.substr(at + 2, reply.find(" IN ", at) - at - 2) + ' ';
      }
    }
    return text;
  };
  CHECK(ttls() == "60 300 ");
  server.advance(5s);
  CHECK(ttls() == "55 295 ");
  server.advance(48s);
  CHECK(ttls() == "7 247 ");
  CHECK(server.upstreams().asked().size() == 1);
  server.advance(7s);
  CHECK(ttls() == "60 300 ");
  CHECK(server.upstreams().asked().size() == 2);
}

TEST_CASE("negative answers are kept as long as the SOA says (RFC 2308)") {
  for (const std::string_view rcode : {"NXDOMAIN", "NOERROR"}) {
    TestServer server(kCluster);
    server.upstreams().answer("www.example.com. A",
                              std::string(rcode) + "\n; authority\n" + kSoa);
    CHECK(server.ask("www.example.com. A") ==
          std::string(rcode) + " rd ra\n; authority\n" + kSoa);
    server.advance(80s);
    CHECK(server.ask("www.example.com. A").find("example.com. 10 IN SOA") !=
          std::string::npos);
    CHECK(server.upstreams().asked().size() == 1);
    server.advance(10s);
    server.ask("www.example.com. A");
    CHECK(server.upstreams().asked().size() == 2);
  }
}

TEST_CASE("truncated answers and TTL 0 are not kept") {
  for (const std::string_view message :
       {"NXDOMAIN\n", "NOERROR\n",
        "NOERROR tc\nwww.example.com. 60 IN A 192.0.2.1\n",
        "www.example.com. 0 IN A 192.0.2.1\n"}) {
    CAPTURE(message);
    TestServer server(kCluster);
    server.upstreams().answer("www.example.com. A", message);
    const std::string first = server.ask("www.example.com. A");
    CHECK(server.ask("www.example.com. A") == first);
    CHECK(server.upstreams().asked().size() == 2);
    CHECK(server.cache().totals().entries == 0);
  }
}

TEST_CASE("when no upstream answers: SERVFAIL, and why") {
  TestServer server(kCluster);
  server.upstreams().fail("www.example.com. A",
                          "192.0.2.53 did not answer in 4 s");
  CHECK(server.ask("www.example.com. A") == "SERVFAIL rd ra\n");
  server.advance(kFailureLifetime);
  CHECK(server.ask("www.example.com. A +edns") ==
        "SERVFAIL rd ra\n"
        "; edns 1232 ede=22 \"192.0.2.53 did not answer in 4 s\"\n");
}

TEST_CASE("a reason too long for the datagram leaves its code") {
  TestServer server(kCluster);
  server.upstreams().fail("www.example.com. A", std::string(600, 'x'));
  CHECK(server.ask("www.example.com. A +edns=512") ==
        "SERVFAIL rd ra\n; edns 1232 ede=22 \"\"\n");
  server.advance(kFailureLifetime);
  CHECK(server.ask("www.example.com. A +edns=1232")
            .ends_with("ede=22 \"" + std::string(600, 'x') + "\"\n"));
}

TEST_CASE("an upstream's malformed message is SERVFAIL") {
  TestServer server(kCluster);
  const Octets messages[] = {
      Octets(5),
      RawMessage({.flags = 0x8000, .answers = 1}).question("www.example.com"),
      // Not an answer to the query.
      RawMessage({.flags = 0x8000}).question("www.example.org"),
      RawMessage({.flags = 0x8000}).question("x.com"),
      RawMessage({.flags = 0x8000}).question("www.example.com", RrType::kMx),
  };
  for (const Octets& message : messages) {
    server.upstreams().answer_with("www.example.com. A", message);
    server.advance(kFailureLifetime);
    CHECK(server.ask("www.example.com. A +edns") ==
          "SERVFAIL rd ra\n"
          "; edns 1232 ede=22 \"an upstream's answer was malformed\"\n");
  }
}

TEST_CASE("DO and CD are kept apart in the cache; AD is for who knows it") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A",
                            "NOERROR ad\n" + std::string(kAddress));
  CHECK(server.ask("www.example.com. A").starts_with("NOERROR rd ra\n"));
  CHECK(server.ask("www.example.com. A +ad").starts_with("NOERROR rd ra ad\n"));
  CHECK(server.upstreams().asked().size() == 1);
  CHECK(server.ask("www.example.com. A +do").starts_with("NOERROR rd ra ad\n"));
  CHECK(server.ask("www.example.com. A +cd").starts_with("NOERROR rd ra cd\n"));
  CHECK(server.ask("www.example.com. A +cd +ad")
            .starts_with("NOERROR rd ra ad cd\n"));
  CHECK(server.ask("www.example.com. A +cd +do")
            .starts_with("NOERROR rd ra ad cd\n"));
  CHECK(server.upstreams().asked() ==
        std::vector<std::string>{"www.example.com. A", "www.example.com. A +do",
                                 "www.example.com. A +cd",
                                 "www.example.com. A +do +cd"});
}

TEST_CASE("large forwarded answers are cut for UDP and whole over TCP") {
  TestServer server(kCluster);
  std::string message;
  for (int i = 0; i < 60; ++i) {
    message += "www.example.com. 60 IN A 192.0.2." + std::to_string(i) + '\n';
  }
  server.upstreams().answer("www.example.com. A", message);
  // 12 octets of header, 21 of question, and whole records of 16 in 512.
  const std::string cut = server.ask("www.example.com. A");
  CHECK(cut.starts_with("NOERROR tc rd ra\n"));
  CHECK(std::ranges::count(cut, '\n') == 1 + 29);
  CHECK(server.ask("www.example.com. A +edns").size() > 2000);
  CHECK(server.ask("www.example.com. A", kTcp).size() > 2000);
  CHECK(server.upstreams().asked().size() == 1);
}

TEST_CASE("an ExternalName is completed by upstreams, on the cache tier") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A", kAddress);
  CHECK(server.ask("ext.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\n" + kCname + std::string(kAddress));
  CHECK(server.ask("twice.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\n"
        "twice.prod.svc.cluster.local. 30 IN CNAME "
        "ext.prod.svc.cluster.local.\n" +
            kCname + std::string(kAddress));
  CHECK(server.ask("ext.prod.svc.cluster.local. CNAME") ==
        "NOERROR aa rd ra\n" + kCname);
  CHECK(server.ask("ext.prod.svc.cluster.local. A", kZoneTier) ==
        "NOERROR aa rd\n" + kCname);
  CHECK(server.ask("in.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\n"
        "in.prod.svc.cluster.local. 30 IN CNAME web.prod.svc.cluster.local.\n"
        "web.prod.svc.cluster.local. 30 IN A 10.96.0.1\n");
}

TEST_CASE("the rcode is the last name's (RFC 6604)") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A",
                            "NXDOMAIN\n; authority\n" + kSoa);
  CHECK(server.ask("ext.prod.svc.cluster.local. A") ==
        "NXDOMAIN aa rd ra\n" + kCname + "; authority\n" + kSoa);
  server.upstreams().answer("www.example.com. AAAA",
                            "NOERROR\n; authority\n" + kSoa);
  CHECK(server.ask("ext.prod.svc.cluster.local. AAAA") ==
        "NOERROR aa rd ra\n" + kCname + "; authority\n" + kSoa);
  CHECK(
      server.ask("gone.prod.svc.cluster.local. A")
          .starts_with("NXDOMAIN aa rd ra\ngone.prod.svc.cluster.local. 30 IN "
                       "CNAME nothing.prod.svc.cluster.local.\n"));
  server.upstreams().answer("www.example.com. MX", "SERVFAIL\n");
  CHECK(server.ask("ext.prod.svc.cluster.local. MX") ==
        "SERVFAIL aa rd ra\n" + kCname);
}

TEST_CASE("a CNAME that no upstream completes is SERVFAIL, with the CNAME") {
  TestServer server(kCluster);
  server.upstreams().fail("www.example.com. A", "timed out");
  CHECK(server.ask("ext.prod.svc.cluster.local. A +edns") ==
        "SERVFAIL aa rd ra\n" + kCname + "; edns 1232 ede=22 \"timed out\"\n");
}

TEST_CASE(
    "a completed CNAME ages as the upstream's part does, not the zone's") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A", kAddress);
  server.ask("ext.prod.svc.cluster.local. A");
  server.advance(40s);
  CHECK(server.ask("ext.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\n" + kCname + "www.example.com. 20 IN A 192.0.2.1\n");
  CHECK(server.upstreams().asked().size() == 1);
}

TEST_CASE("truncation in an upstream's part is passed on") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A",
                            "NOERROR tc\n" + std::string(kAddress));
  CHECK(server.ask("ext.prod.svc.cluster.local. A")
            .starts_with("NOERROR aa tc rd ra\n"));
}

TEST_CASE("an OPT record among an upstream's answers is not passed on") {
  TestServer server(kCluster);
  server.upstreams().answer_with("www.example.com. A",
                                 RawMessage({.flags = 0x8180, .answers = 2})
                                     .question("www.example.com")
                                     .pointer(12)
                                     .fields(RrType::kA, 60, 4)
                                     .u32(0xC0000201)
                                     .pointer(12)
                                     .fields(RrType::kOpt, 0, 0));
  CHECK(server.ask("ext.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\n" + kCname + std::string(kAddress));
  CHECK(server.ask("www.example.com. A") ==
        "NOERROR rd ra\n" + std::string(kAddress));
}

TEST_CASE("upstream records of unrelated owners stay whole") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A",
                            "www.example.com. 60 IN CNAME elsewhere.test.\n"
                            "elsewhere.test. 60 IN A 192.0.2.1\n"
                            "elsewhere.test. 60 IN A 192.0.2.2\n");
  for (int i = 0; i < 20; ++i) {
    const std::string reply = server.ask("ext.prod.svc.cluster.local. A");
    CHECK(reply.find("elsewhere.test. 60 IN A 192.0.2.1\n") != reply.npos);
    CHECK(reply.find("elsewhere.test. 60 IN A 192.0.2.2\n") != reply.npos);
  }
}

TEST_CASE("a reverse name we lack: forwarded, NXDOMAIN on the zone tier") {
  TestServer server(kCluster);
  const std::string_view question = "1.2.0.192.in-addr.arpa. PTR";
  server.upstreams().answer(
      question, "1.2.0.192.in-addr.arpa. 60 IN PTR host.example.com.\n");
  CHECK(server.ask(question) ==
        "NOERROR rd ra\n"
        "1.2.0.192.in-addr.arpa. 60 IN PTR host.example.com.\n");
  CHECK(server.ask(question, kZoneTier).starts_with("NXDOMAIN aa rd\n"));
  // Names of our zones are never forwarded, whatever the type.
  CHECK(server.ask("1.0.96.10.in-addr.arpa. PTR")
            .starts_with("NOERROR aa rd ra\n1.0.96.10.in-addr.arpa. 30 IN PTR "
                         "web.prod.svc.cluster.local.\n"));
  CHECK(server.ask("1.0.96.10.in-addr.arpa. TXT")
            .starts_with("NOERROR aa rd ra\n; authority\n"));
  // A name above our names is not ours to deny.
  server.upstreams().answer("96.10.in-addr.arpa. PTR", "NXDOMAIN\n");
  CHECK(server.ask("96.10.in-addr.arpa. PTR") == "NXDOMAIN rd ra\n");
  CHECK(server.upstreams().asked().size() == 2);
}

TEST_CASE("answers that come late find their question") {
  TestServer server(kCluster);
  server.upstreams().answer("www.example.com. A", kAddress);
  server.upstreams().answer("www.example.com. MX",
                            "www.example.com. 60 IN MX 1 mail.\n");
  server.upstreams().hold();
  CHECK(server.ask("www.example.com. A +id=1") == "no reply");
  CHECK(server.ask("WWW.example.com. MX +id=2 +edns") == "no reply");
  CHECK(server.ask("web.prod.svc.cluster.local. A").starts_with("NOERROR"));
  server.upstreams().release();
  const auto replies = server.take_replies();
  REQUIRE(replies.size() == 2);
  CHECK(replies[0][1] == 1);
  CHECK(test::message_text(replies[0]) ==
        "NOERROR rd ra\nwww.example.com. 60 IN A 192.0.2.1\n");
  CHECK(replies[1][1] == 2);
  CHECK(test::message_text(replies[1]) ==
        "NOERROR rd ra\nWWW.example.com. 60 IN MX 1 mail.\n; edns 1232\n");
}
