#include "zones/rrset.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/oracle.h"

using namespace canopy;
using test::record_from_text;

namespace {

Name name(std::string_view text) { return Name::from_text(text).value(); }

}  // namespace

TEST_CASE("addresses are dotted quads and RFC 4291 forms, nothing else") {
  struct Row {
    std::string_view text;
    std::string_view same;  // empty: refused
  };
  const Row rows[] = {
      {"10.0.0.7", "10.0.0.7"},
      {"255.255.255.255", "255.255.255.255"},
      {"2001:DB8:0:0:0:0:0:7", "2001:db8::7"},
      {"::", "::"},
      {"::1", "::1"},
      {"fd00::", "fd00::"},
      {"::ffff:10.0.0.7", "::ffff:10.0.0.7"},
      {"", ""},
      {"10.0.0", ""},
      {"10.0.0.256", ""},
      {"10.0.0.07", ""},
      {"010.0.0.7", ""},
      {"10.0.0.7 ", ""},
      {" 10.0.0.7", ""},
      {"10.0.0.7.", ""},
      {"1:2:3:4:5:6:7", ""},
      {"fe80::1%eth0", ""},
      {"[::1]", ""},
      {"www.example.com", ""},
      {std::string_view("10.0.0.7\0x", 10), ""},
      {std::string_view("10.0.0.7\0", 9), ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto address = ip_from_text(row.text);
    CHECK(address.has_value() == !row.same.empty());
    if (address) CHECK(to_text(*address) == row.same);
  }
}

TEST_CASE("reverse names") {
  CHECK(reverse_name(*ip_from_text("10.0.1.23")).to_text() ==
        "23.1.0.10.in-addr.arpa.");
  CHECK(reverse_name(*ip_from_text("2001:db8::7")).to_text() ==
        "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
        "ip6.arpa.");
}

TEST_CASE("records as ldns reads them are the records we make") {
  const Name owner = name("Db.prod.example");
  const std::pair<Record, std::string> rows[] = {
      {address_record(owner, 30, *ip_from_text("10.0.0.7")),
       "Db.prod.example. 30 IN A 10.0.0.7"},
      {address_record(owner, 0, *ip_from_text("2001:db8::7")),
       "Db.prod.example. 0 IN AAAA 2001:db8::7"},
      {srv_record(owner, 30, {.priority = 1, .weight = 50, .port = 65535},
                  name("a.b")),
       "Db.prod.example. 30 IN SRV 1 50 65535 a.b."},
      {name_record(owner, RrType::kCname, 4294967295, name("X.y")),
       "Db.prod.example. 4294967295 IN CNAME X.y."},
      {name_record(owner, RrType::kNs, 30, name(".")),
       "Db.prod.example. 30 IN NS ."},
      {name_record(owner, RrType::kPtr, 30, name("x.y")),
       "Db.prod.example. 30 IN PTR x.y."},
      {txt_record(owner, 28800, "1.1.0"),
       "Db.prod.example. 28800 IN TXT \"1.1.0\""},
      {txt_record(owner, 1, "say \"no\" \\ yes"),
       R"(Db.prod.example. 1 IN TXT "say \"no\" \\ yes")"},
      {txt_record(owner, 1, ""), "Db.prod.example. 1 IN TXT \"\""},
  };
  for (const auto& [record, text] : rows) {
    CHECK(to_text(record) == text);
    CHECK(record_from_text(text) == record);
  }
}

TEST_CASE("text longer than a character string is several of them") {
  const Record record = txt_record(name("a"), 1, std::string(600, 'x'));
  CHECK(record.rdata.size() == 3 + 600);
  CHECK(record.rdata[0] == 255);
  CHECK(record.rdata[256] == 255);
  CHECK(record.rdata[512] == 90);
  CHECK(record_from_text(to_text(record)) == record);
}

TEST_CASE("unknown types and broken rdata are written as RFC 3597 has it") {
  CHECK(to_text(Record{name("a"), RrType{65282}, 5, {1, 2, 0xAB}}) ==
        "a. 5 IN TYPE65282 \\# 3 0102ab");
  CHECK(to_text(Record{name("a"), RrType::kA, 5, {10, 0}}) ==
        "a. 5 IN A \\# 2 0a00");
}

TEST_CASE("records are equal but for the owner's case") {
  const Record record = txt_record(name("a.B"), 5, "x");
  CHECK(record == txt_record(name("A.b"), 5, "x"));
  CHECK_FALSE(record == txt_record(name("a.b"), 6, "x"));
  CHECK_FALSE(record == txt_record(name("a.b"), 5, "X"));
}

TEST_CASE("types have the names of the registry") {
  struct Row {
    std::string_view text;
    int number;
  };
  for (const Row& row : {Row{"A", 1}, Row{"SRV", 33}, Row{"ANY", 255},
                         Row{"HTTPS", 65}, Row{"AXFR", 252}}) {
    CHECK(rr_type_from_text(row.text) == RrType(row.number));
    CHECK(to_text(RrType(row.number)) == row.text);
  }
  CHECK(to_text(RrType{12345}) == "TYPE12345");
  CHECK(rr_type_from_text("TYPE12345") == RrType{12345});
  for (const std::string_view bad :
       {"", "a", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "TYPE 1"}) {
    CAPTURE(bad);
    CHECK_FALSE(rr_type_from_text(bad));
  }
  CHECK(to_text(Rcode::kNxDomain) == "NXDOMAIN");
  CHECK(to_text(Rcode::kBadVers) == "BADVERS");
  CHECK(to_text(Rcode{11}) == "RCODE11");
}
