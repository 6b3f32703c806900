// Unusual answers of upstreams: what clients get, and how long it is cached.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/support/query_message.h"
#include "tests/support/raw_message.h"
#include "tests/support/test_server.h"

using namespace canopy;
using namespace std::chrono_literals;
using test::RawMessage;
using test::TestServer;

namespace {

constexpr std::string_view kQuestion = "a.example.com. A";
const std::string kFirst = "a.example.com. 60 IN CNAME b.example.net.\n";
const std::string kSecond = "b.example.net. 60 IN CNAME c.example.org.\n";
const std::string kEnd = "c.example.org. 60 IN A 192.0.2.1\n";
const std::string kService =
    "ext.prod.svc.cluster.local. 30 IN CNAME a.example.com.\n";

// Returns the client's answer, and checks that the cache gives the same one.
std::string got(std::string_view question, const std::string& message) {
  TestServer server("");
  server.upstreams().answer(question.substr(0, question.find(" +")), message);
  const std::string first = server.ask(question);
  CHECK(server.ask(question) == first);
  return first;
}

std::string behind_external_name(const std::string& message) {
  TestServer server("service prod/ext external-name a.example.com");
  server.upstreams().answer(kQuestion, message);
  const std::string first = server.ask("ext.prod.svc.cluster.local. A");
  CHECK(server.ask("ext.prod.svc.cluster.local. A") == first);
  return first;
}

// Returns how often upstreams are asked when a client asks twice, `apart`.
std::size_t questions(const std::string& message, std::chrono::seconds apart,
                      std::string_view question = kQuestion) {
  TestServer server("service prod/ext external-name a.example.com");
  server.upstreams().answer(kQuestion, message);
  server.ask(question);
  server.advance(apart);
  server.ask(question);
  return server.upstreams().asked().size();
}

}  // namespace

TEST_CASE("a chain is told from the question's name on (RFC 1034 3.6.2)") {
  const std::string wanted = kFirst + kSecond + kEnd;
  for (const std::string& order :
       {kEnd + kFirst + kSecond, kSecond + kFirst + kEnd,
        kEnd + kSecond + kFirst, kFirst + kEnd + kSecond, wanted}) {
    CAPTURE(order);
    CHECK(got(kQuestion, order) == "NOERROR rd ra\n" + wanted);
    CHECK(behind_external_name(order) ==
          "NOERROR aa rd ra\n" + kService + wanted);
  }
}

TEST_CASE("a DNAME stands before the CNAME made of it, signatures behind") {
  const std::string dname = "example.com. 60 IN DNAME example.net.\n";
  const std::string cname = "a.example.com. 60 IN CNAME a.example.net.\n";
  const std::string end = "a.example.net. 60 IN A 192.0.2.1\n";
  CHECK(got(kQuestion, end + cname + dname) ==
        "NOERROR rd ra\n" + dname + cname + end);
  const auto signature = [](const std::string& owner, const std::string& of) {
    return owner + " 60 IN RRSIG " + of +
           " 8 3 60 20360101000000 20260101000000 1 example. AAAA\n";
  };
  const std::string reply =
      got("a.example.com. A +do", signature("a.example.net.", "A") + end +
                                      signature("example.com.", "DNAME") +
                                      cname + dname);
  CAPTURE(reply);
  const auto at = [&](const std::string& text) { return reply.find(text); };
  CHECK(at(" DNAME ") < at("TYPE46 DNAME"));
  CHECK(at("TYPE46 DNAME") < at(" CNAME "));
  CHECK(at(" CNAME ") < at(end));
  CHECK(at(end) < at("TYPE46 A"));
  CHECK(at("TYPE46 A") != reply.npos);
}

TEST_CASE("a CNAME to a name without the type is kept as its SOA says") {
  const std::string soa =
      "; authority\nexample.org. 600 IN SOA ns. h. 1 2 3 4 4\n";
  const std::string nodata = kFirst + kSecond + soa;
  const std::string nxdomain = "NXDOMAIN\n" + nodata;
  for (const std::string& message : {nodata, nxdomain}) {
    for (const std::string_view question :
         {kQuestion, std::string_view("ext.prod.svc.cluster.local. A")}) {
      CAPTURE(question);
      CHECK(questions(message, 3s, question) == 1);
      CHECK(questions(message, 5s, question) == 2);
    }
  }
  // Without an SOA the answer is not cached.
  for (const std::string_view question :
       {kQuestion, std::string_view("ext.prod.svc.cluster.local. A")}) {
    CHECK(questions(kFirst + kSecond, 0s, question) == 2);
  }
  // The TTL of the chain is lower.
  CHECK(questions("a.example.com. 3 IN CNAME b.example.org.\n"
                  "; authority\nexample.org. 600 IN SOA ns. h. 1 2 3 4 500\n",
                  4s) == 2);
}

TEST_CASE("the SOA of a denial lives no longer than its MINIMUM") {
  const std::string soa = " IN SOA ns. h. 1 2 3 4 ";
  const auto denied = [&](const std::string& ttl, const std::string& minimum) {
    return "; authority\nexample.com. " + ttl + soa + minimum + '\n';
  };
  for (const std::string rcode : {"NXDOMAIN", "NOERROR"}) {
    CHECK(got(kQuestion, rcode + '\n' + denied("3600", "30")) ==
          rcode + " rd ra\n" + denied("30", "30"));
    CHECK(got(kQuestion, rcode + '\n' + denied("20", "30")) ==
          rcode + " rd ra\n" + denied("20", "30"));
  }
  CHECK(behind_external_name("NXDOMAIN\n" + denied("3600", "30")) ==
        "NXDOMAIN aa rd ra\n" + kService + denied("30", "30"));
}

TEST_CASE("TTLs with the highest bit set are 0 (RFC 2181 8)") {
  CHECK(questions("a.example.com. 4294967295 IN A 192.0.2.1\n", 0s) == 2);
  TestServer server("");
  server.upstreams().answer(kQuestion,
                            "a.example.com. 2147483649 IN A 192.0.2.1\n");
  CHECK(server.ask(kQuestion) ==
        "NOERROR rd ra\na.example.com. 0 IN A 192.0.2.1\n");
}

TEST_CASE("DNSSEC records are for queries with DO (RFC 4035 3.2.1)") {
  const std::string sig =
      " 8 3 60 20360101000000 20260101000000 1 example.com. AAAA\n";
  const std::string address = "a.example.com. 60 IN A 192.0.2.1\n";
  const std::string soa =
      "example.com. 60 IN SOA ns.example.com. h.example.com. 1 2 3 4 60\n";
  const std::string proofs =
      "example.com. 60 IN RRSIG SOA" + sig +
      "a.example.com. 60 IN NSEC c.example.com. A RRSIG NSEC\n"
      "a.example.com. 60 IN RRSIG NSEC" +
      sig +
      "x.example.com. 60 IN NSEC3 1 0 1 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n";
  CHECK(got(kQuestion, "a.example.com. 60 IN RRSIG A" + sig + address) ==
        "NOERROR rd ra\n" + address);
  for (const std::string rcode : {"NXDOMAIN", "NOERROR"}) {
    const std::string denial = rcode + "\n; authority\n" + soa + proofs;
    CHECK(got(kQuestion, denial) == rcode + " rd ra\n; authority\n" + soa);
    CHECK(questions(denial, 50s) == 1);
    const std::string reply = got("a.example.com. A +do", denial);
    for (const std::string_view kept : {"SOA", "TYPE46", "TYPE47", "TYPE50"}) {
      CAPTURE(kept);
      CHECK(reply.find(kept) != reply.npos);
    }
  }
  // These types are the answer when a query asks for them.
  CHECK(got("a.example.com. TYPE46", "a.example.com. 60 IN RRSIG A" + sig)
            .find("TYPE46") != std::string::npos);
  CHECK(got("a.example.com. TYPE47",
            "a.example.com. 60 IN NSEC c.example.com. A RRSIG NSEC\n")
            .find("TYPE47") != std::string::npos);
}

TEST_CASE("one foreign record beside an SOA does not cost the SOA") {
  const std::string soa =
      "example.com. 60 IN SOA ns.example.com. h.example.com. 1 2 3 4 60\n";
  CHECK(got(kQuestion, "NXDOMAIN\n; authority\nbank.test. 60 IN NS ns.test.\n" +
                           soa) == "NXDOMAIN rd ra\n; authority\n" + soa);
}

// --- octets ------------------------------------------------------------------

namespace {

// Returns the client's answer to `question`.  `message` is the upstream's
// message; its question has a case that this server might send.
std::string got(std::string_view question, const RawMessage& message,
                std::string_view cluster = "") {
  TestServer server(cluster);
  server.upstreams().answer_with("a.example.com. SRV", message.message());
  const std::string first = server.ask(question);
  CHECK(server.ask(question) == first);
  return first;
}

// A response whose first record is an SRV with a compressed target.
RawMessage compressed_srv() {
  return RawMessage({.flags = 0x8180, .answers = 1})
      .question("a.example.com", RrType::kSrv)
      .pointer(12)
      .fields(RrType::kSrv, 60, 6 + 5)
      .octets({0, 1, 0, 2, 0, 80, 2, 'n', '1'})
      .pointer(14);
}

}  // namespace

TEST_CASE("a compressed SRV target is expanded, and means the same") {
  const std::string record = " 60 IN SRV 1 2 80 n1.example.com.\n";
  CHECK(got("a.example.com. SRV", compressed_srv()) ==
        "NOERROR rd ra\na.example.com." + record);
  CHECK(got("ext.prod.svc.cluster.local. SRV", compressed_srv(),
            "service prod/ext external-name a.example.com") ==
        "NOERROR aa rd ra\n" + kService + "a.example.com." + record);
}

TEST_CASE("a compressed NAPTR behind an ExternalName means the same") {
  const RawMessage naptr = RawMessage({.flags = 0x8180, .answers = 1})
                               .question("a.example.com", RrType::kNaptr)
                               .pointer(12)
                               .fields(RrType::kNaptr, 60, 4 + 2 + 1 + 1 + 5)
                               .octets({0, 1, 0, 2, 1, 'u', 0, 0, 2, 'n', '1'})
                               .pointer(14);
  TestServer server("service prod/ext external-name a.example.com");
  server.upstreams().answer_with("a.example.com. NAPTR", naptr.message());
  const auto replies =
      server.send(test::query_message("ext.prod.svc.cluster.local. NAPTR"));
  REQUIRE(replies.size() == 1);
  const Octets target{2,   'n', '1', 7, 'e', 'x', 'a', 'm',
                      'p', 'l', 'e', 3, 'c', 'o', 'm', 0};
  CHECK(std::search(replies[0].begin(), replies[0].end(), target.begin(),
                    target.end()) != replies[0].end());
}

TEST_CASE("the case that we asked in is nowhere in the reply") {
  const RawMessage message = RawMessage({.flags = 0x8180, .answers = 1})
                                 .question("A.eXAMple.cOM", RrType::kSrv)
                                 .name("A.eXAMple.cOM")
                                 .fields(RrType::kSrv, 60, 6 + 16)
                                 .octets({0, 1, 0, 2, 0, 80})
                                 .name("N1.eXAMple.cOM");
  CHECK(got("a.example.com. SRV", message) ==
        "NOERROR rd ra\na.example.com. 60 IN SRV 1 2 80 N1.example.com.\n");
  CHECK(got("ext.prod.svc.cluster.local. SRV", message,
            "service prod/ext external-name a.example.com") ==
        "NOERROR aa rd ra\n" + kService +
            "a.example.com. 60 IN SRV 1 2 80 N1.example.com.\n");
}

namespace {

// A response with or without an address, and an OPT record with a cookie and
// EDE 6.
RawMessage with_remarks(unsigned rcode, bool has_address) {
  RawMessage message({.flags = static_cast<std::uint16_t>(0x8180 | rcode),
                      .answers = static_cast<std::uint16_t>(has_address),
                      .additional = 1});
  message.question("a.example.com");
  if (has_address) {
    message.pointer(12).fields(RrType::kA, 60, 4).u32(0xC0000201);
  }
  return message.opt(1232, 0, 12 + 11)
      .octets({0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8})
      .octets({0, 15, 0, 7, 0, 6, 'b', 'o', 'g', 'u', 's'});
}

const std::string kBogus = " ede=6 \"bogus\"\n";
const std::string kAddress = "a.example.com. 60 IN A 192.0.2.1\n";

}  // namespace

TEST_CASE("an upstream's extended error is passed on, its cookie is not") {
  TestServer server("service prod/ext external-name a.example.com");
  server.upstreams().answer_with(kQuestion, with_remarks(0, true));
  for (int i = 0; i < 2; ++i) {
    CHECK(server.ask("a.example.com. A +edns") ==
          "NOERROR rd ra\n" + kAddress + "; edns 1232" + kBogus);
    CHECK(server.ask(kQuestion) == "NOERROR rd ra\n" + kAddress);
    CHECK(server.ask("ext.prod.svc.cluster.local. A +edns") ==
          "NOERROR aa rd ra\n" + kService + kAddress + "; edns 1232" + kBogus);
  }
  CHECK(server.upstreams().asked().size() == 2);
  CHECK(server.counters().cache_failures.value() == 0);
}

TEST_CASE("beside a failure stands our error, then the upstream's") {
  TestServer server("");
  server.upstreams().answer_with(kQuestion, with_remarks(2, false));
  for (int i = 0; i < 2; ++i) {
    const std::string reply = server.ask("a.example.com. A +edns");
    CAPTURE(reply);
    CHECK(reply.starts_with("SERVFAIL rd ra\n; edns 1232"));
    CHECK(reply.ends_with(kBogus));
  }
  CHECK(server.upstreams().asked().size() == 1);
}

TEST_CASE("an answer with an upstream's remark is refreshed like any other") {
  TestServer server("");
  server.upstreams().answer_with(kQuestion, with_remarks(0, true));
  server.ask(kQuestion);
  server.ask(kQuestion);
  server.advance(56s);
  server.ask(kQuestion);
  CHECK(server.upstreams().asked().size() == 2);
}

TEST_CASE("an OPT in the wrong section is skipped, not the message's end") {
  for (const int at : {0, 1}) {
    CAPTURE(at);
    RawMessage message({.flags = 0x8180, .answers = 3});
    message.question("a.example.com");
    for (int i = 0; i < 2; ++i) {
      if (i == at) message.opt(1232);
      message.pointer(12).fields(RrType::kA, 60, 4).u32(0xC0000201 + i);
    }
    TestServer server("");
    server.upstreams().answer_with(kQuestion, message);
    const std::string reply = server.ask(kQuestion);
    CAPTURE(reply);
    CHECK(reply.find(kAddress) != reply.npos);
    CHECK(reply.find("192.0.2.2") != reply.npos);
  }
}
