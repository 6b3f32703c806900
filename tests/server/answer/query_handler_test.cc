// The contract's "Answers" for the query itself: which queries are refused, the
// form of replies, and both tiers' answers about the cluster.
#include "server/answer/query_handler.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>

#include "tests/support/message_text.h"
#include "tests/support/query_message.h"
#include "tests/support/raw_message.h"
#include "tests/support/test_server.h"

using namespace canopy;
using test::message_text;
using test::query_from_text;
using test::query_message;
using test::RawMessage;
using test::TestServer;

namespace {

constexpr std::string_view kCluster = R"(
  service  prod/web   10.96.0.1 fd00::1 http:80/tcp
  endpoint prod/web   10.0.0.1 http:8080/tcp
  service  prod/db    headless
  endpoint prod/db    10.0.0.7
  endpoint prod/db    10.0.0.8
  endpoint prod/db    10.0.0.9
  service  prod/empty headless
)";

const TestServer::Way kZoneTier{.tier = Tier::kZone};
const TestServer::Way kTcp{.transport = Transport::kTcp};

const std::string kSoa =
    "; authority\n"
    "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. "
    "2 7200 1800 86400 5\n";

// A headless Service with this many endpoints.
std::string large_cluster(int endpoints) {
  std::string text = "service prod/db headless\n";
  for (int i = 0; i < endpoints; ++i) {
    text += "endpoint prod/db 10.0." + std::to_string(i / 250) + '.' +
            std::to_string(i % 250) + " p:1/tcp\n";
  }
  return text;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos;
       at += part.size()) {
    ++found;
  }
  return found;
}

std::string only(const std::vector<Octets>& replies) {
  if (replies.size() != 1) return std::to_string(replies.size()) + " replies";
  return message_text(replies[0]);
}

}  // namespace

TEST_CASE("both tiers answer from the cluster; only the cache tier recurses") {
  TestServer server(kCluster);
  CHECK(server.ask("web.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\nweb.prod.svc.cluster.local. 30 IN A 10.96.0.1\n");
  CHECK(server.ask("web.prod.svc.cluster.local. A", kZoneTier) ==
        "NOERROR aa rd\nweb.prod.svc.cluster.local. 30 IN A 10.96.0.1\n");
  CHECK(server.ask("web.prod.svc.cluster.local. A +norec", kZoneTier) ==
        "NOERROR aa\nweb.prod.svc.cluster.local. 30 IN A 10.96.0.1\n");
  CHECK(server.ask("no.prod.svc.cluster.local. A") ==
        "NXDOMAIN aa rd ra\n" + kSoa);
  CHECK(server.ask("web.prod.svc.cluster.local. TXT") ==
        "NOERROR aa rd ra\n" + kSoa);
  CHECK(server.upstreams().asked().empty());
}

TEST_CASE("the second time the cache answers, and says the same") {
  TestServer server(kCluster);
  for (const std::string_view question :
       {"web.prod.svc.cluster.local. A", "web.prod.svc.cluster.local. TXT",
        "_http._tcp.web.prod.svc.cluster.local. SRV +edns=4096",
        "cluster.local. SOA", "1.0.96.10.in-addr.arpa. PTR"}) {
    CAPTURE(question);
    const std::string first = server.ask(question);
    const auto hits = server.counters().cache_hits.value();
    server.advance(std::chrono::hours(24));
    CHECK(server.ask(question) == first);
    CHECK(server.counters().cache_hits.value() == hits + 1);
  }
}

TEST_CASE("messages that get no reply, or a header alone") {
  struct Row {
    std::string_view what;
    Octets message;
    std::string reply;
  };
  const auto asked = [](RawMessage::Header header) {
    return RawMessage(header).question("web.prod.svc.cluster.local").message();
  };
  const Row rows[] = {
      {"a response", asked({.flags = 0x8000}), "0 replies"},
      {"eleven octets", Octets(11), "0 replies"},
      {"no question", RawMessage({.questions = 0}), "FORMERR\n"},
      {"two questions", asked({.questions = 2}), "FORMERR\n"},
      {"a broken name", RawMessage().u8(0xFF), "FORMERR\n"},
      {"RD is copied", RawMessage({.flags = 0x0100, .questions = 0}),
       "FORMERR rd\n"},
      {"STATUS", asked({.flags = 2 << 11}), "NOTIMP\n"},
      {"NOTIFY with AA", asked({.flags = 4 << 11 | 0x0400}), "NOTIMP\n"},
      {"UPDATE", asked({.flags = 5 << 11}), "NOTIMP\n"},
  };
  TestServer server(kCluster);
  for (const Row& row : rows) {
    for (const TestServer::Way& way : {TestServer::Way{}, kZoneTier, kTcp}) {
      CAPTURE(row.what);
      const auto replies = server.send(row.message, way);
      CHECK(only(replies) == row.reply);
      if (replies.empty()) continue;
      CHECK(replies[0].size() == kHeaderSize);
      CHECK(replies[0][0] == 0x12);
      CHECK(replies[0][1] == 0x34);
      // The opcode is copied from the query.
      CHECK((replies[0][2] & 0x78) == (row.message[2] & 0x78));
    }
  }
  CHECK(server.counters().dropped.value() == 6);
  CHECK(server.counters().malformed.value() == 12);
}

TEST_CASE("classes: CH says who we are, others are refused") {
  TestServer server(kCluster);
  CHECK(server.ask("version.bind. TXT +ch") ==
        "NOERROR aa rd\nversion.bind. 0 IN TXT \"CanopyDNS test\"\n");
  CHECK(server.ask("Hostname.BIND. TXT +ch", kZoneTier) ==
        "NOERROR aa rd\nHostname.BIND. 0 IN TXT \"a-pod\"\n");
  CHECK(server.ask("id.server. ANY +ch") ==
        "NOERROR aa rd\nid.server. 0 IN TXT \"a-pod\"\n");
  CHECK(server.ask("version.server. A +ch") == "NOERROR aa rd\n");
  CHECK(server.ask("authors.bind. TXT +ch") == "REFUSED rd ra\n");
  CHECK(server.ask("web.prod.svc.cluster.local. A +ch", kZoneTier) ==
        "REFUSED rd\n");
  CHECK(server.ask("web.prod.svc.cluster.local. A +class=4") ==
        "REFUSED rd ra\n");
  CHECK(server.ask("web.prod.svc.cluster.local. A +class=255") ==
        "REFUSED rd ra\n");
  // The name is special only in class CH.
  server.upstreams().answer("version.bind. TXT", "NXDOMAIN\n");
  CHECK(server.ask("version.bind. TXT") == "NXDOMAIN rd ra\n");
}

TEST_CASE("zone transfers are refused, in the cluster and out of it") {
  TestServer server(kCluster);
  for (const std::string_view question :
       {"cluster.local. AXFR", "cluster.local. IXFR", "example.com. AXFR"}) {
    CHECK(server.ask(question) == "REFUSED rd ra\n");
    CHECK(server.ask(question, {Tier::kZone, Transport::kTcp}) ==
          "REFUSED rd\n");
  }
  CHECK(server.upstreams().asked().empty());
}

TEST_CASE("the zone tier refuses what is outside its zones") {
  TestServer server(kCluster);
  CHECK(server.ask("www.example.com. A", kZoneTier) == "REFUSED rd\n");
  CHECK(server.ask("xcluster.local. A", kZoneTier) == "REFUSED rd\n");
  CHECK(server.upstreams().asked().empty());
}

TEST_CASE("ANY is answered with one RRset (RFC 8482)") {
  TestServer server(kCluster);
  CHECK(server.ask("web.prod.svc.cluster.local. ANY") ==
        "NOERROR aa rd ra\nweb.prod.svc.cluster.local. 30 IN A 10.96.0.1\n");
  CHECK(server.ask("prod.svc.cluster.local. ANY") ==
        "NOERROR aa rd ra\n" + kSoa);
  CHECK(server.ask("no.svc.cluster.local. ANY") ==
        "NXDOMAIN aa rd ra\n" + kSoa);
}

TEST_CASE("the question's case comes back, from the cache too") {
  TestServer server(kCluster);
  CHECK(server.ask("WEB.Prod.svc.cluster.LOCAL. A") ==
        "NOERROR aa rd ra\nWEB.Prod.svc.cluster.LOCAL. 30 IN A 10.96.0.1\n");
  CHECK(server.ask("web.pROD.SVC.cluster.local. A") ==
        "NOERROR aa rd ra\nweb.pROD.SVC.cluster.local. 30 IN A 10.96.0.1\n");
  CHECK(server.counters().cache_hits.value() == 1);
}

TEST_CASE("EDNS: an OPT record to those who sent one") {
  TestServer server(kCluster);
  const std::string answer = "web.prod.svc.cluster.local. 30 IN A 10.96.0.1\n";
  CHECK(server.ask("web.prod.svc.cluster.local. A +edns=4096") ==
        "NOERROR aa rd ra\n" + answer + "; edns 1232\n");
  CHECK(server.ask("web.prod.svc.cluster.local. A +do") ==
        "NOERROR aa rd ra\n" + answer + "; edns 1232 do\n");
  CHECK(server.ask("web.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\n" + answer);
  CHECK(server.ask("no.prod.svc.cluster.local. A +edns") ==
        "NXDOMAIN aa rd ra\n" + kSoa + "; edns 1232\n");
  CHECK(server.ask("x. AXFR +edns") == "REFUSED rd ra\n; edns 1232\n");
  // Unknown options are ignored.
  const Octets cookie = RawMessage({.additional = 1})
                            .question("web.prod.svc.cluster.local")
                            .opt(1232, 0, 12)
                            .u16(10)
                            .u16(8)
                            .u32(1)
                            .u32(2);
  CHECK(only(server.send(cookie)) ==
        "NOERROR aa ra\n" + answer + "; edns 1232\n");
}

TEST_CASE("EDNS of another version is BADVERS, with ours in the reply") {
  TestServer server(kCluster);
  for (const TestServer::Way& way : {TestServer::Way{}, kZoneTier}) {
    const std::string reply =
        server.ask("web.prod.svc.cluster.local. A +version=1", way);
    CHECK(reply.starts_with("BADVERS rd"));
    CHECK(reply.ends_with("\n; edns 1232\n"));
  }
}

TEST_CASE("CD is copied, AD is not of our own making") {
  TestServer server(kCluster);
  CHECK(server.ask("web.prod.svc.cluster.local. A +cd +ad")
            .starts_with("NOERROR aa rd ra cd\n"));
}

TEST_CASE("over UDP as many records as fit are sent and TC set") {
  struct Row {
    std::string_view options;
    std::size_t addresses;
  };
  // The question ends at octet 43; an address takes 16 octets and an OPT record
  // 11.  The cache keeps the answer with 100 endpoints, and not the one with
  // 1000.
  for (const int endpoints : {100, 1000}) {
    CAPTURE(endpoints);
    TestServer server(large_cluster(endpoints));
    for (const Row& row :
         {Row{"", 29}, Row{" +edns=512", 28}, Row{" +edns=1232", 73},
          Row{" +edns=4096", 73}, Row{" +edns=65535", 73}}) {
      CAPTURE(row.options);
      const std::string question =
          "db.prod.svc.cluster.local. A" + std::string(row.options);
      for (int i = 0; i < 2; ++i) {
        const std::string reply = server.ask(question);
        CHECK(reply.starts_with("NOERROR aa tc rd ra\n"));
        CHECK(count(reply, " IN A ") == row.addresses);
      }
    }
    CHECK(server.counters().truncated.value() == 10);
    CHECK(server.counters().oversized.value() == 0);
    const std::string whole = server.ask("db.prod.svc.cluster.local. A", kTcp);
    CHECK(whole.starts_with("NOERROR aa rd ra\n"));
    CHECK(count(whole, " IN A ") == std::size_t(endpoints));
  }
}

TEST_CASE("which records are sent over UDP is left to chance") {
  // From the cache, and from a zone's RRset that is too large for the cache.
  for (const int endpoints : {100, 1000}) {
    for (const std::string_view question :
         {"db.prod.svc.cluster.local. A +edns",
          "_p._tcp.db.prod.svc.cluster.local. SRV +edns"}) {
      CAPTURE(endpoints);
      CAPTURE(question);
      TestServer server(large_cluster(endpoints));
      std::set<std::string> seen;
      for (int i = 0; i < 600; ++i) {
        std::istringstream reply(server.ask(question));
        for (std::string line; std::getline(reply, line);) {
          if (line.find(" IN ") != line.npos) seen.insert(line);
        }
      }
      CHECK(seen.size() == std::size_t(endpoints));
    }
  }
}

TEST_CASE("over TCP an answer of many records is kept in the cache") {
  TestServer server(large_cluster(700));
  const std::string question = "_p._tcp.db.prod.svc.cluster.local. SRV";
  const std::string whole = server.ask(question, kTcp);
  CHECK(count(whole, " IN SRV ") == 700);
  CHECK(server.ask(question, kTcp) == whole);
  CHECK(server.counters().cache_hits.value() == 1);
  // Over UDP it is cut.
  const std::string part = server.ask(question);
  CHECK(part.starts_with("NOERROR aa tc rd ra\n"));
  CHECK(count(part, " IN SRV ") > 3);
  CHECK(count(part, " IN A ") == 0);
  CHECK(server.counters().cache_hits.value() == 2);
}

TEST_CASE("the client's EDNS size counts up to 1232 octets") {
  // 12 + 31 + 40 * 16 = 683 octets.
  TestServer server(large_cluster(40));
  const auto answers = [&](std::string_view options) {
    return count(
        server.ask("db.prod.svc.cluster.local. A" + std::string(options)),
        " IN A ");
  };
  CHECK(answers("") == 29);
  CHECK(answers(" +edns=693") == 39);  // OPT takes 11
  CHECK(answers(" +edns=694") == 40);
  CHECK(answers(" +edns=1232") == 40);
}

TEST_CASE("additional records are left out without TC (RFC 2181 9)") {
  TestServer server(large_cluster(18));
  const std::string question = "_p._tcp.db.prod.svc.cluster.local. SRV +edns";
  const std::string over_udp = server.ask(question);
  CHECK(over_udp.starts_with("NOERROR aa rd ra\n"));
  CHECK(count(over_udp, " IN SRV ") == 18);
  CHECK(count(over_udp, " IN A ") < 18);
  CHECK(count(server.ask(question, kTcp), " IN A ") == 18);
}

TEST_CASE("above 65,535 octets a subset is sent, another each time") {
  TestServer server(large_cluster(6000));
  std::set<std::string> seen;
  for (int i = 0; i < 40; ++i) {
    const std::string reply =
        server.ask("db.prod.svc.cluster.local. A +edns", kTcp);
    CHECK(count(reply, " IN A ") > 4000);
    CHECK(reply.starts_with("NOERROR aa tc "));
    for (std::size_t at = 0; (at = reply.find(" A ", at)) != reply.npos;
         at += 3) {
      seen.insert(reply.substr(at, reply.find('\n', at) - at));
    }
  }
  CHECK(seen.size() == 6000);
  CHECK(server.counters().oversized.value() == 40);
}

TEST_CASE("the order of addresses rotates, from the cache too") {
  TestServer server(kCluster);
  std::map<std::string, int> first;
  std::set<std::string> sets;
  for (int i = 0; i < 600; ++i) {
    const std::string reply = server.ask("db.prod.svc.cluster.local. A");
    ++first[reply.substr(0, reply.find('\n', reply.find('\n') + 1))];
    for (const std::string_view address :
         {"10.0.0.7", "10.0.0.8", "10.0.0.9"}) {
      CHECK(count(reply, address) == 1);
    }
  }
  CHECK(first.size() == 3);
  for (const auto& [line, times] : first) CHECK(times > 120);
  CHECK(server.counters().cache_hits.value() == 599);
}

TEST_CASE("until the data is in, absent names are SERVFAIL, not NXDOMAIN") {
  const auto server = TestServer::not_complete();
  const std::string not_ready =
      "; edns 1232 ede=14 \"the cluster's Services are not all loaded yet\"\n";
  CHECK(server->ask("web.prod.svc.cluster.local. A +edns") ==
        "SERVFAIL rd ra\n" + not_ready);
  CHECK(server->ask("web.prod.svc.cluster.local. A") == "SERVFAIL rd ra\n");
  CHECK(server->ask("web.prod.svc.cluster.local. A +edns", kZoneTier) ==
        "SERVFAIL rd\n" + not_ready);
  CHECK(server->ask("1.0.0.10.in-addr.arpa. PTR +edns", kZoneTier) ==
        "SERVFAIL rd\n" + not_ready);
  // Known names and names outside our zones are answered.
  CHECK(server->ask("dns-version.cluster.local. TXT").starts_with("NOERROR"));
  CHECK(server->ask("cluster.local. SOA").starts_with("NOERROR"));
  CHECK(server->ask("svc.cluster.local. A").starts_with("NOERROR"));
  server->upstreams().answer("www.example.com. A",
                             "www.example.com. 60 IN A 192.0.2.1\n");
  CHECK(server->ask("www.example.com. A").starts_with("NOERROR rd ra\nwww"));
  // Once the data is complete, NXDOMAIN is the true answer.
  server->store().complete();
  server->store().publish();
  CHECK(server->ask("web.prod.svc.cluster.local. A").starts_with("NXDOMAIN"));
}

TEST_CASE("queries and responses are counted by tier, transport and kind") {
  TestServer server(kCluster);
  server.ask("web.prod.svc.cluster.local. A");
  server.ask("no.prod.svc.cluster.local. SRV", kZoneTier);
  server.ask("web.prod.svc.cluster.local. A +version=9", kTcp);
  const QueryCounters& counters = server.counters();
  const auto queries = [&](Tier tier, Transport transport, TypeClass type) {
    return counters
        .queries[std::size_t(tier)][std::size_t(transport)][std::size_t(type)]
        .value();
  };
  const auto responses = [&](Tier tier, Transport transport, RcodeClass rcode) {
    return counters
        .responses[std::size_t(tier)][std::size_t(transport)]
                  [std::size_t(rcode)]
        .value();
  };
  CHECK(queries(Tier::kCache, Transport::kUdp, TypeClass::kA) == 1);
  CHECK(queries(Tier::kZone, Transport::kUdp, TypeClass::kSrv) == 1);
  CHECK(queries(Tier::kCache, Transport::kTcp, TypeClass::kA) == 1);
  CHECK(responses(Tier::kCache, Transport::kUdp, RcodeClass::kNoError) == 1);
  CHECK(responses(Tier::kZone, Transport::kUdp, RcodeClass::kNxDomain) == 1);
  CHECK(responses(Tier::kCache, Transport::kTcp, RcodeClass::kBadVers) == 1);
}
