#include "zones/zone.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/cluster_zone.h"

using namespace canopy;
using test::ask;
using test::zone_of_records;

namespace {

const std::string kSoa =
    "; authority\n"
    "example. 5 IN SOA ns.example. host.example. 2 7200 1800 86400 5\n";

Zone zone() {
  return zone_of_records(R"(
    example.            30 IN NS    ns.example.
    ns.example.         30 IN A     10.0.0.1
    ns.example.         30 IN AAAA  fd00::1
    www.example.        30 IN A     10.0.0.2
    www.example.        30 IN A     10.0.0.3
    www.example.        30 IN TXT   "hello"
    deep.in.the.example. 30 IN A    10.0.0.4
    alias.example.      30 IN CNAME www.example.
    twice.example.      30 IN CNAME Alias.Example.
    lost.example.       30 IN CNAME nothing.example.
    far.example.        30 IN CNAME www.example.net.
    loop.example.       30 IN CNAME loop.example.
    ring-a.example.     30 IN CNAME ring-b.example.
    ring-b.example.     30 IN CNAME ring-a.example.
    to-ring.example.    30 IN CNAME ring-a.example.
    _x._tcp.example.    30 IN SRV   0 1 80 www.example.
    _x._tcp.example.    30 IN SRV   0 1 81 www.example.
    _x._tcp.example.    30 IN SRV   0 1 82 ns.example.
    _x._tcp.example.    30 IN SRV   0 1 83 alias.example.
    _x._tcp.example.    30 IN SRV   0 1 84 www.example.net.
    _x._tcp.example.    30 IN SRV   0 1 85 nothing.example.
  )");
}

}  // namespace

TEST_CASE("RFC 1034 4.3.2: what a zone says to a name and a type") {
  struct Row {
    std::string_view question;
    std::string answer;
  };
  const Row rows[] = {
      {"www.example. A",
       "NOERROR aa\n"
       "www.example. 30 IN A 10.0.0.2\n"
       "www.example. 30 IN A 10.0.0.3\n"},
      {"WWW.Example. TXT", "NOERROR aa\nWWW.Example. 30 IN TXT \"hello\"\n"},
      {"www.example. AAAA", "NOERROR aa\n" + kSoa},
      {"www.example. TYPE65280", "NOERROR aa\n" + kSoa},
      {"www.example. TYPE0", "NOERROR aa\n" + kSoa},
      {"nothing.example. A", "NXDOMAIN aa\n" + kSoa},
      {"below.www.example. A", "NXDOMAIN aa\n" + kSoa},
      // Empty non-terminals exist (RFC 8020).
      {"the.example. A", "NOERROR aa\n" + kSoa},
      {"in.the.example. TXT", "NOERROR aa\n" + kSoa},
      {"example. A", "NOERROR aa\n" + kSoa},
      {"example. SOA",
       "NOERROR aa\n"
       "example. 5 IN SOA ns.example. host.example. 2 7200 1800 86400 5\n"},
      {"www.example. SOA", "NOERROR aa\n" + kSoa},
      {"example. NS",
       "NOERROR aa\n"
       "example. 30 IN NS ns.example.\n"
       "; additional\n"
       "ns.example. 30 IN A 10.0.0.1\n"
       "ns.example. 30 IN AAAA fd00::1\n"},
  };
  const Zone example = zone();
  for (const Row& row : rows) {
    CAPTURE(row.question);
    CHECK(ask(example, row.question) == row.answer);
  }
}

TEST_CASE("CNAMEs are followed inside the zone") {
  struct Row {
    std::string_view question;
    std::string answer;
  };
  const std::string loop = "loop.example. 30 IN CNAME loop.example.\n";
  const Row rows[] = {
      {"twice.example. TXT",
       "NOERROR aa\n"
       // The zone's part of a name is the question's, and so its case.
       "twice.example. 30 IN CNAME Alias.example.\n"
       "Alias.example. 30 IN CNAME www.example.\n"
       "www.example. 30 IN TXT \"hello\"\n"},
      {"alias.example. CNAME",
       "NOERROR aa\nalias.example. 30 IN CNAME www.example.\n"},
      {"alias.example. AAAA",
       "NOERROR aa\nalias.example. 30 IN CNAME www.example.\n" + kSoa},
      // RFC 6604: the rcode is the last name's.
      {"lost.example. A",
       "NXDOMAIN aa\nlost.example. 30 IN CNAME nothing.example.\n" + kSoa},
      {"far.example. A",
       "NOERROR aa\nfar.example. 30 IN CNAME www.example.net.\n"},
  };
  const Zone example = zone();
  for (const Row& row : rows) {
    CAPTURE(row.question);
    CHECK(ask(example, row.question) == row.answer);
  }
  // A loop ends, without a record twice, and nobody is told that all is well.
  CHECK(ask(example, "loop.example. A") == "SERVFAIL aa\n" + loop);
  CHECK(ask(example, "LOOP.example. TXT").starts_with("SERVFAIL aa\nLOOP."));
  const std::string a_to_b = "ring-a.example. 30 IN CNAME ring-b.example.\n";
  const std::string b_to_a = "ring-b.example. 30 IN CNAME ring-a.example.\n";
  CHECK(ask(example, "ring-a.example. A") == "SERVFAIL aa\n" + a_to_b + b_to_a);
  CHECK(ask(example, "ring-b.example. A") == "SERVFAIL aa\n" + b_to_a + a_to_b);
  CHECK(ask(example, "to-ring.example. A") ==
        "SERVFAIL aa\nto-ring.example. 30 IN CNAME ring-a.example.\n" + a_to_b +
            b_to_a);
}

TEST_CASE("a chain of eight CNAMEs is followed to its end, nine are not") {
  std::string lines = "end.example. 30 IN A 10.0.0.1\n";
  for (int i = 1; i <= 9; ++i) {
    const std::string to = i == 1 ? "end" : "c" + std::to_string(i - 1);
    lines +=
        "c" + std::to_string(i) + ".example. 30 IN CNAME " + to + ".example.\n";
  }
  const Zone example = zone_of_records(lines);
  CHECK(ask(example, "c8.example. A").starts_with("NOERROR aa\nc8.example. "));
  CHECK(ask(example, "c8.example. A")
            .ends_with("end.example. 30 IN A 10.0.0.1\n"));
  CHECK(ask(example, "c9.example. A").starts_with("SERVFAIL aa\nc9.example. "));
}

TEST_CASE("an SRV answer brings the addresses of its targets, once each") {
  CHECK(ask(zone(), "_x._tcp.example. SRV") ==
        "NOERROR aa\n"
        "_x._tcp.example. 30 IN SRV 0 1 80 www.example.\n"
        "_x._tcp.example. 30 IN SRV 0 1 81 www.example.\n"
        "_x._tcp.example. 30 IN SRV 0 1 82 ns.example.\n"
        "_x._tcp.example. 30 IN SRV 0 1 83 alias.example.\n"
        "_x._tcp.example. 30 IN SRV 0 1 84 www.example.net.\n"
        "_x._tcp.example. 30 IN SRV 0 1 85 nothing.example.\n"
        "; additional\n"
        "www.example. 30 IN A 10.0.0.2\n"
        "www.example. 30 IN A 10.0.0.3\n"
        "ns.example. 30 IN A 10.0.0.1\n"
        "ns.example. 30 IN AAAA fd00::1\n");
}

TEST_CASE("ANY is answered with one RRset (RFC 8482)") {
  const Zone example = zone();
  CHECK(ask(example, "www.example. ANY") ==
        "NOERROR aa\n"
        "www.example. 30 IN A 10.0.0.2\n"
        "www.example. 30 IN A 10.0.0.3\n");
  CHECK(ask(example, "alias.example. ANY") ==
        "NOERROR aa\nalias.example. 30 IN CNAME www.example.\n");
  CHECK(ask(example, "the.example. ANY") == "NOERROR aa\n" + kSoa);
  CHECK(ask(example, "nothing.example. ANY") == "NXDOMAIN aa\n" + kSoa);
}

TEST_CASE(
    "ANY is answered with an RRset that fits any datagram, or the smallest") {
  std::string lines = "big.example. 30 IN AAAA fd00::1\n";
  for (int i = 0; i < 40; ++i) {
    lines += "big.example. 30 IN A 10.0.0." + std::to_string(i) + "\n";
  }
  CHECK(ask(zone_of_records(lines), "big.example. ANY") ==
        "NOERROR aa\nbig.example. 30 IN AAAA fd00::1\n");
}

TEST_CASE("a zone knows which names exist") {
  const Zone example = zone();
  const auto has = [&](std::string_view name) {
    return example.has_name(*Name::from_text(name));
  };
  CHECK(has("example"));
  CHECK(has("WWW.example"));
  CHECK(has("the.example"));
  CHECK_FALSE(has("nothing.example"));
  CHECK_FALSE(has("a.www.example"));
}

TEST_CASE("the closest zone answers") {
  ZoneOptions outer;
  outer.apex = *Name::from_text("example");
  ZoneOptions inner = outer;
  inner.apex = *Name::from_text("in.example");
  const ZoneSet zones({outer, inner}, 7);
  const auto apex = [&](std::string_view name) {
    const Zone* zone = zones.closest_to(*Name::from_text(name));
    return zone == nullptr ? "none" : zone->apex().to_text();
  };
  CHECK(zones.serial() == 7);
  CHECK(apex("a.IN.example") == "in.example.");
  CHECK(apex("in.example") == "in.example.");
  CHECK(apex("xin.example") == "example.");
  CHECK(apex("a.b.example") == "example.");
  CHECK(apex("other") == "none");
  CHECK(apex(".") == "none");
}
