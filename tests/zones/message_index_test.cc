#include "zones/message_index.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/message_text.h"
#include "tests/support/oracle.h"
#include "tests/support/query_message.h"
#include "tests/support/raw_message.h"
#include "zones/message_reader.h"

using namespace canopy;
using test::message_text;
using test::query_from_text;
using test::RawMessage;
using test::upstream_message;

namespace {

const std::string kSoa = "example. 60 IN SOA ns.example. h.example. 1 2 3 4 5";

Octets upstream(std::string_view text) {
  return upstream_message(query_from_text("www.example. A"), text);
}

// What the index makes of an upstream's message.
std::string indexed(const Octets& message) {
  MessageIndex index;
  if (!index.read(message)) return "refused";
  return message_text(index.answer().message);
}

RawMessage response(RawMessage::Header header) {
  header.flags |= 0x8000;
  return RawMessage(header).question("a.example");
}

bool reads(const RawMessage& message) {
  MessageIndex index;
  return index.read(message.message());
}

}  // namespace

TEST_CASE("an upstream's message keeps its records and the flags that matter") {
  CHECK(indexed(upstream("NOERROR aa ra rd ad cd tc\n"
                         "www.example. 300 IN CNAME web.example.\n"
                         "web.example. 60 IN A 10.0.0.1\n"
                         "web.example. 60 IN A 10.0.0.2\n"
                         "; authority\nexample. 90 IN NS ns.example.\n"
                         "; additional\nns.example. 90 IN A 10.0.0.9\n")) ==
        "NOERROR tc ra ad\n"
        "www.example. 300 IN CNAME web.example.\n"
        "web.example. 60 IN A 10.0.0.1\n"
        "web.example. 60 IN A 10.0.0.2\n"
        "; authority\nexample. 90 IN NS ns.example.\n"
        "; additional\nns.example. 90 IN A 10.0.0.9\n");
  CHECK(indexed(upstream("NXDOMAIN\n; authority\n" + kSoa + '\n')) ==
        "NXDOMAIN ra\n; authority\n" + kSoa + '\n');
  CHECK(indexed(upstream("SERVFAIL\n")) == "SERVFAIL ra\n");
}

TEST_CASE("opcode, Z and a missing QR are not passed on") {
  RawMessage odd = RawMessage({.flags = 5 << 11 | 0x0040}).question("a");
  MessageIndex index;
  REQUIRE(index.read(odd.message()));
  CHECK(MessageReader(index.answer().message).flags() ==
        (flag::kQr | flag::kRa));
}

TEST_CASE("the OPT record is the upstream's own and is taken out") {
  const auto last = response({.answers = 1, .additional = 1})
                        .pointer(12)
                        .fields(RrType::kA, 5, 4)
                        .u32(0x0A000001)
                        .opt(4096, 0x8000);
  CHECK(indexed(last) == "NOERROR ra\na.example. 5 IN A 10.0.0.1\n");
  const auto middle = response({.answers = 1, .additional = 2})
                          .pointer(12)
                          .fields(RrType::kA, 5, 4)
                          .u32(0x0A000001)
                          .opt(4096)
                          .pointer(12)
                          .fields(RrType::kA, 6, 4)
                          .u32(0x0A000002);
  // What stands behind it is kept, as an RRset of its own.
  MessageIndex index;
  REQUIRE(index.read(middle.message()));
  REQUIRE(index.answer().rrsets.size() == 2);
  CHECK(index.answer().rrsets[1].offset ==
        index.answer().rrsets[0].offset + index.answer().rrsets[0].size + 11);
}

TEST_CASE("an RRset does not go on across an OPT, whatever its type") {
  // Type 0, which no record should have (RFC 6895 section 3.1).
  constexpr RrType kReserved{0};
  const auto message = response({.answers = 3})
                           .pointer(12)
                           .fields(kReserved, 5, 0)
                           .opt(4096)
                           .pointer(12)
                           .fields(kReserved, 5, 0);
  MessageIndex index;
  REQUIRE(index.read(message.message()));
  CHECK(index.answer().rrsets.size() == 2);
}

namespace {

// An answer whose OPT has these options.
RawMessage with_options(const Octets& options) {
  RawMessage message = response({.additional = 1})
                           .opt(4096, 0, static_cast<unsigned>(options.size()));
  for (const std::uint8_t octet : options) message.u8(octet);
  return message;
}

std::string errors(const Octets& options) {
  MessageIndex index;
  if (!index.read(with_options(options))) return "refused";
  std::string text;
  for (const ExtendedError& error : index.errors()) {
    text += std::to_string(static_cast<unsigned>(error.code)) + ' ' +
            error.text + ';';
  }
  return text;
}

Octets error_option(unsigned code, std::string_view text) {
  RawMessage option;
  option.u16(15).u16(2U + static_cast<unsigned>(text.size())).u16(code);
  for (const char c : text) option.u8(static_cast<std::uint8_t>(c));
  return {option.message().begin() + 12, option.message().end()};
}

Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("an upstream's extended errors are read, its other options are not") {
  const Octets cookie{0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(errors({}).empty());
  CHECK(errors(cookie).empty());
  CHECK(errors(cookie + error_option(6, "bogus") + cookie) == "6 bogus;");
  CHECK(errors(error_option(49152, "")) == "49152 ;");
  CHECK(errors(error_option(1, std::string("zero\0", 5))) == "1 zero;");
  CHECK(errors(error_option(1, "a") + error_option(2, "b")) == "1 a;2 b;");
  // Three, and 120 octets of text: no half of a character.
  Octets many;
  for (unsigned i = 0; i < 9; ++i) many = many + error_option(i, "");
  CHECK(errors(many) == "0 ;1 ;2 ;");
  CHECK(errors(error_option(0, std::string(121, 'x'))) ==
        "0 " + std::string(120, 'x') + ';');
  CHECK(errors(error_option(0, std::string(119, 'x') + "\xC3\xA4")) ==
        "0 " + std::string(119, 'x') + ';');
  // Options that are not whole.
  CHECK(errors({0, 15, 0}).empty());
  CHECK(errors({0, 15, 0, 9, 0, 1}).empty());
  CHECK(errors({0, 15, 0, 1, 0}).empty());
}

TEST_CASE("an extended rcode is about the upstream and us, not an answer") {
  // BADVERS, BADCOOKIE: the lower bits alone would read NOERROR, YXRRSET.
  CHECK_FALSE(reads(response({.additional = 1}).opt(4096, 1U << 24)));
  CHECK_FALSE(
      reads(response({.flags = 7, .additional = 1}).opt(4096, 1U << 24)));
}

TEST_CASE("malformed messages are refused") {
  struct Row {
    std::string_view what;
    Octets message;
  };
  const Row rows[] = {
      {"nothing", {}},
      {"a short header", Octets(11)},
      {"no question", RawMessage({.flags = 0x8000, .questions = 0})},
      {"two questions", response({.questions = 2}).question("b")},
      {"a question cut off", RawMessage({.flags = 0x8000}).name("a")},
      {"a record cut off",
       response({.answers = 1}).pointer(12).fields(RrType::kA, 5, 4).u16(0)},
      {"fewer records than announced",
       response({.answers = 2}).pointer(12).fields(RrType::kA, 5, 4).u32(0)},
      {"a pointer loop",
       response({.answers = 1}).pointer(27).fields(RrType::kA, 5, 4).u32(0)},
      {"an owner that reads on over its own record",
       response({.answers = 2})
           .pointer(12)
           .fields(RrType::kA, 5, 4)
           .octets({5, 'a', 'b', 'c'})
           .pointer(39)
           .fields(RrType::kA, 5, 4)
           .u32(0)},
      {"an address of three octets", response({.answers = 1})
                                         .pointer(12)
                                         .fields(RrType::kA, 5, 3)
                                         .octets({1, 2, 3})},
      {"an IPv6 address of four octets",
       response({.answers = 1}).pointer(12).fields(RrType::kAaaa, 5, 4).u32(0)},
      {"a CNAME without a name",
       response({.answers = 1}).pointer(12).fields(RrType::kCname, 5, 0)},
      {"a CNAME with more than a name", response({.answers = 1})
                                            .pointer(12)
                                            .fields(RrType::kCname, 5, 3)
                                            .pointer(12)
                                            .u8(0)},
      {"a CNAME whose name goes over its rdata",
       response({.answers = 1}).pointer(12).fields(RrType::kCname, 5, 1).u8(1)},
      {"a CNAME that points at itself", response({.answers = 1})
                                            .pointer(12)
                                            .fields(RrType::kCname, 5, 2)
                                            .pointer(39)},
      {"an SRV without a target", response({.answers = 1})
                                      .pointer(12)
                                      .fields(RrType::kSrv, 5, 6)
                                      .octets({0, 0, 0, 0, 0, 80})},
      {"an SRV of four octets",
       response({.answers = 1}).pointer(12).fields(RrType::kSrv, 5, 4).u32(0)},
      {"an SOA without its numbers", response({.authority = 1})
                                         .pointer(12)
                                         .fields(RrType::kSoa, 5, 4)
                                         .pointer(12)
                                         .pointer(12)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(indexed(row.message) == "refused");
  }
  CHECK(indexed(Octets(kMaxMessageSize + 1)) == "refused");
}

TEST_CASE("no prefix of a message is a message") {
  const Octets whole = upstream(
      "www.example. 300 IN CNAME web.example.\n"
      "web.example. 60 IN MX 5 mail.example.\n"
      "; authority\n" +
      kSoa + '\n');
  CHECK(indexed(whole) != "refused");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(indexed(Octets(whole.begin(),
                         whole.begin() + static_cast<std::ptrdiff_t>(size))) ==
          "refused");
  }
}

TEST_CASE("RRsets are runs of one owner and type; addresses rotate") {
  MessageIndex index;
  REQUIRE(
      index.read(upstream("www.example. 1 IN CNAME web.example.\n"
                          "web.example. 1 IN A 10.0.0.1\n"
                          "web.example. 1 IN A 10.0.0.2\n"
                          "web.example. 1 IN AAAA fd00::1\n"
                          "; authority\nexample. 1 IN NS a.example.\n"
                          "example. 1 IN NS b.example.\n")));
  const auto rrsets = index.answer().rrsets;
  REQUIRE(rrsets.size() == 4);
  CHECK(rrsets[0].count == 1);
  CHECK_FALSE(rrsets[0].rotates);
  CHECK(rrsets[1].count == 2);
  CHECK(rrsets[1].rotates);
  CHECK(rrsets[2].rotates);
  CHECK(rrsets[3].count == 2);
  CHECK(rrsets[3].section == Section::kAuthority);
  CHECK_FALSE(rrsets[3].rotates);
  CHECK(index.answer().ttl_offsets.size() == 6);
}

TEST_CASE("addresses whose owners are not spelled alike do not rotate") {
  // The second owner's pointer leads into the first record: moved to the
  // first's place it would point at itself.
  const auto odd = response({.answers = 2})
                       .octets({1, 'x'})
                       .pointer(14)
                       .fields(RrType::kA, 5, 4)
                       .u32(0x0A000001)
                       .octets({1, 'x'})
                       .pointer(29)
                       .fields(RrType::kA, 5, 4)
                       .u32(0x0A000002);
  MessageIndex index;
  REQUIRE(index.read(odd.message()));
  REQUIRE(index.answer().rrsets.size() == 1);
  CHECK_FALSE(index.answer().rrsets[0].rotates);
}

TEST_CASE("a TTL with the highest bit set is 0 (RFC 2181 8)") {
  for (const std::uint32_t ttl : {0x80000000U, 0x80000001U, 0xFFFFFFFFU}) {
    CHECK(indexed(response({.answers = 2})
                      .pointer(12)
                      .fields(RrType::kA, 0x7FFFFFFF, 4)
                      .u32(0x0A000001)
                      .pointer(12)
                      .fields(RrType::kA, ttl, 4)
                      .u32(0x0A000002)) ==
          "NOERROR ra\na.example. 2147483647 IN A 10.0.0.1\n"
          "a.example. 0 IN A 10.0.0.2\n");
  }
}

TEST_CASE("the question takes another case, and names that point to it") {
  MessageIndex index;
  REQUIRE(index.read(response({.answers = 1})
                         .pointer(12)
                         .fields(RrType::kA, 5, 4)
                         .u32(0x0A000001)
                         .message()));
  index.spell_question(*Name::from_text("A.exAMple"));
  CHECK(message_text(index.answer().message) ==
        "NOERROR ra\nA.exAMple. 5 IN A 10.0.0.1\n");
}

TEST_CASE("one index reads many messages, none of them in the other's light") {
  MessageIndex index;
  REQUIRE(index.read(upstream("www.example. 60 IN A 10.0.0.1\n")));
  CHECK_FALSE(index.read(Octets(5)));
  REQUIRE(index.read(upstream("NXDOMAIN\n; authority\n" + kSoa)));
  CHECK(index.rcode() == Rcode::kNxDomain);
  CHECK(index.answer().rrsets.size() == 1);
  CHECK(index.answer().ttl_offsets.size() == 1);
}

TEST_CASE("rdata is expanded: names in it lose their compression") {
  const Octets message = upstream(
      "www.example. 60 IN MX 5 mail.example.\n"
      "www.example. 60 IN TXT \"x\"\n");
  MessageReader reader(message);
  REQUIRE(reader.question());
  const auto record = reader.record();
  REQUIRE(record);
  CHECK(record->rdata.size() == 9);  // compressed
  const auto rdata = expanded_rdata(reader, *record, message);
  REQUIRE(rdata);
  CHECK(to_text(Record{record->owner, record->type, record->ttl, *rdata}) ==
        "www.example. 60 IN MX 5 mail.example.");
}
