// Records of upstreams that do not belong to the answer are dropped.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/test_server.h"

using namespace canopy;
using test::TestServer;

namespace {

constexpr std::string_view kQuestion = "www.example.com. A";
const std::string kAddress = "www.example.com. 60 IN A 192.0.2.1\n";
const std::string kCname = "www.example.com. 60 IN CNAME a.example.net.\n";
const std::string kEnd = "a.example.net. 60 IN A 192.0.2.2\n";
const std::string kForeign = "www.bank.test. 86400 IN A 203.0.113.66\n";
const std::string kSoa =
    "example.com. 60 IN SOA ns.example.com. h.example.com. 1 2 3 4 60\n";

std::string said(std::string_view question, const std::string& message) {
  TestServer server("");
  server.upstreams().answer(question.substr(0, question.find(" +")), message);
  const std::string first = server.ask(question);
  CHECK(server.ask(question) == first);
  return first;
}

}  // namespace

TEST_CASE("records of other names are dropped from the answer") {
  const std::string wanted = "NOERROR rd ra\n" + kAddress;
  CHECK(said(kQuestion, kAddress + kForeign) == wanted);
  CHECK(said(kQuestion, kForeign + kAddress) == wanted);
  CHECK(said(kQuestion, kAddress + "com. 60 IN NS ns.attacker.test.\n") ==
        wanted);
  CHECK(said(kQuestion, kAddress + "www.example.com. 60 IN TXT \"x\"\n") ==
        wanted);
}

TEST_CASE("the chain of CNAMEs is kept, in any order, and nothing beside it") {
  const std::string chain = "NOERROR rd ra\n" + kCname + kEnd;
  CHECK(said(kQuestion, kCname + kEnd) == chain);
  CHECK(said(kQuestion, kCname + kForeign + kEnd) == chain);
  CHECK(said(kQuestion, kCname + kEnd + "b.example.net. 60 IN A 192.0.2.9\n") ==
        chain);
  CHECK(said(kQuestion, kEnd + kCname) == chain);
  const std::string dname =
      "example.com. 60 IN DNAME example.net.\n"
      "www.example.com. 60 IN CNAME www.example.net.\n"
      "www.example.net. 60 IN A 192.0.2.3\n";
  CHECK(said(kQuestion, dname) == "NOERROR rd ra\n" + dname);
  // A chain that loops ends where it closes.
  const std::string round =
      kCname + "a.example.net. 60 IN CNAME www.example.com.\n";
  CHECK(said(kQuestion, round) == "NOERROR rd ra\n" + round);
}

TEST_CASE("of many CNAMEs only the first 64 can be of the chain") {
  // In the worst order: the last record is the first of the chain.
  const auto chain = [](int links) {
    std::string text;
    for (int i = links; i > 0; --i) {
      const std::string owner =
          i == 1 ? "www.example.com." : "n" + std::to_string(i) + ".test.";
      text += owner + " 60 IN CNAME n" + std::to_string(i + 1) + ".test.\n";
    }
    return text;
  };
  for (const int links : {31, 64, 65}) {
    CAPTURE(links);
    TestServer server("");
    server.upstreams().answer(kQuestion, chain(links));
    const std::string reply =
        server.ask(kQuestion, {Tier::kCache, Transport::kTcp});
    std::size_t kept = 0;
    for (std::size_t at = 0; (at = reply.find("CNAME", at)) != reply.npos;
         ++at) {
      ++kept;
    }
    // The 32 names of a chain and the target of the last one are kept.  Without
    // the first link, only the query's name and its target are kept.
    CHECK(kept == (links == 31 ? 31 : links == 64 ? 32 : 1));
  }
}

TEST_CASE("an answer about nothing but other names is none") {
  TestServer server("");
  server.upstreams().answer(kQuestion, kForeign);
  CHECK(server.ask("www.example.com. A +edns") ==
        "SERVFAIL rd ra\n"
        "; edns 1232 ede=22 \"an upstream's answer was malformed\"\n");
  CHECK(server.ask("www.bank.test. A").starts_with("SERVFAIL"));
}

TEST_CASE("what stands beside a positive answer is dropped") {
  const std::string beside =
      "; authority\nexample.com. 60 IN NS ns.attacker.test.\n"
      "; additional\nns.attacker.test. 60 IN A 203.0.113.66\n" +
      kForeign;
  CHECK(said(kQuestion, kAddress + beside) == "NOERROR rd ra\n" + kAddress);
  CHECK(said(kQuestion, kCname + kEnd + beside) ==
        "NOERROR rd ra\n" + kCname + kEnd);
}

TEST_CASE("a negative answer keeps the SOA of its own zone, and no other") {
  const std::string negative = "NXDOMAIN\n; authority\n";
  CHECK(said(kQuestion, negative + kSoa) ==
        "NXDOMAIN rd ra\n; authority\n" + kSoa);
  CHECK(said(kQuestion, kCname + "; authority\n"
                                 "example.net. 60 IN SOA a. b. 1 2 3 4 60\n") ==
        "NOERROR rd ra\n" + kCname +
            "; authority\nexample.net. 60 IN SOA a. b. 1 2 3 4 60\n");
  CHECK(said(kQuestion, negative + "bank.test. 60 IN SOA a. b. 1 2 3 4 60\n") ==
        "NXDOMAIN rd ra\n");
}

TEST_CASE("those who asked for DNSSEC get signatures and proofs") {
  const std::string answer =
      kAddress +
      "www.example.com. 60 IN RRSIG A 8 3 60 20360101000000 20260101000000 1 "
      "example.com. AAAA\n";
  const std::string proof =
      "; authority\na.example.com. 60 IN NSEC c.example.com. A RRSIG NSEC\n";
  const std::string reply = said("www.example.com. A +do",
                                 answer + proof + "; additional\n" + kForeign);
  CAPTURE(reply);
  CHECK(reply.find("TYPE46 A 8 3 60") != reply.npos);
  CHECK(reply.find("TYPE47 c.example.com.") != reply.npos);
  CHECK(reply.find("bank") == reply.npos);
}

TEST_CASE("behind an ExternalName, too") {
  TestServer server("service prod/ext external-name www.example.com");
  server.upstreams().answer(kQuestion, kAddress + kForeign);
  CHECK(server.ask("ext.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\n"
        "ext.prod.svc.cluster.local. 30 IN CNAME www.example.com.\n" +
            kAddress);
}
