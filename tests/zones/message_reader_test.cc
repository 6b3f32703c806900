#include "zones/message_reader.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/support/query_message.h"
#include "tests/support/raw_message.h"

using namespace canopy;
using test::query_message;
using test::RawMessage;

namespace {

// "drop", "FORMERR", or "accepted".
std::string outcome(std::span<const std::uint8_t> message) {
  const auto query = decode_query(message);
  if (query) return "accepted";
  return query.error().drop ? "drop" : to_text(query.error().rcode);
}

RawMessage asked(const RawMessage::Header& header) {
  return RawMessage(header).question("a.example");
}

}  // namespace

TEST_CASE("a plain query is understood") {
  const auto query = decode_query(query_message("Www.Example.com SRV +ad +cd"));
  REQUIRE(query);
  CHECK(query->id == 0x1234);
  CHECK(query->qname.to_text() == "Www.Example.com.");
  CHECK(query->qtype == RrType::kSrv);
  CHECK(query->qclass == RrClass::kIn);
  CHECK(query->recursion_desired);
  CHECK(query->authentic_data);
  CHECK(query->checking_disabled);
  CHECK_FALSE(query->edns);
  CHECK_FALSE(query->dnssec_ok());
  CHECK_FALSE(decode_query(query_message("a. A +norec"))->recursion_desired);
}

TEST_CASE("RFC 6891: the OPT record") {
  const auto edns = [](std::string_view question) {
    return decode_query(query_message(question))->edns.value();
  };
  CHECK(edns("a. A +edns=4096 +do").udp_size == 4096);
  CHECK(edns("a. A +edns=4096 +do").dnssec_ok);
  CHECK_FALSE(edns("a. A +edns").dnssec_ok);
  // Less than 512 means 512 (6.2.3).
  CHECK(edns("a. A +edns=100").udp_size == 512);
  CHECK(edns("a. A +edns=0").udp_size == 512);
  CHECK(edns("a. A +version=3").version == 3);

  // Unknown options and flags are ignored.
  CHECK(outcome(asked({.additional = 1})
                    .opt(1232, 0x7FFF, 10)
                    .octets({0, 10, 0, 2, 1, 2, 255, 255, 0, 0})) ==
        "accepted");
  const auto broken = [](std::initializer_list<unsigned> options) {
    return outcome(asked({.additional = 1})
                       .opt(1232, 0, static_cast<unsigned>(options.size()))
                       .octets(options));
  };
  CHECK(broken({0, 10, 0, 0}) == "accepted");
  CHECK(broken({0}) == "FORMERR");
  CHECK(broken({0, 10, 0}) == "FORMERR");
  CHECK(broken({0, 10, 0, 3, 1, 2}) == "FORMERR");
  CHECK(broken({0, 10, 0, 1, 1, 2}) == "FORMERR");
  // NSID, also with a value, and after other options (RFC 5001 2.1).
  CHECK(edns("a. A +nsid").asks_nsid);
  CHECK_FALSE(edns("a. A +edns").asks_nsid);
  CHECK(decode_query(asked({.additional = 1})
                         .opt(1232, 0, 11)
                         .octets({0, 10, 0, 2, 0, 3, 0, 3, 0, 1, 7}))
            ->edns->asks_nsid);
  CHECK_FALSE(
      decode_query(
          asked({.additional = 1}).opt(1232, 0, 6).octets({0, 10, 0, 2, 0, 3}))
          ->edns->asks_nsid);
  // Two of them, one in another section, one with an owner (6.1.1, 6.1.2).
  CHECK(outcome(asked({.additional = 2}).opt(1232).opt(1232)) == "FORMERR");
  CHECK(outcome(asked({.answers = 1}).opt(1232)) == "FORMERR");
  CHECK(outcome(asked({.authority = 1}).opt(1232)) == "FORMERR");
  CHECK(
      outcome(asked({.additional = 1}).name("x").fields(RrType::kOpt, 0, 0)) ==
      "FORMERR");
  // It need not be the only record, nor the last.
  CHECK(outcome(asked({.additional = 2})
                    .opt(1232)
                    .name("key")
                    .fields(RrType::kTsig, 0, 2)
                    .u16(7)) == "accepted");
}

TEST_CASE("messages that are no query we can look at") {
  struct Row {
    std::string_view what;
    Octets message;
    std::string_view outcome;
  };
  const Row rows[] = {
      {"nothing", {}, "drop"},
      {"eleven octets", Octets(11), "drop"},
      {"a response", asked({.flags = 0x8000}), "drop"},
      {"a header alone", RawMessage(), "FORMERR"},
      {"IQUERY", asked({.flags = 1 << 11}), "NOTIMP"},
      {"STATUS", asked({.flags = 2 << 11}), "NOTIMP"},
      {"NOTIFY", asked({.flags = 4 << 11}), "NOTIMP"},
      {"UPDATE", asked({.flags = 5 << 11}), "NOTIMP"},
      {"opcode 15", asked({.flags = 15 << 11}), "NOTIMP"},
      {"an opcode and no body", RawMessage({.flags = 5 << 11, .questions = 0}),
       "NOTIMP"},
      {"no question", RawMessage({.questions = 0}), "FORMERR"},
      {"two questions", asked({.questions = 2}).question("b"), "FORMERR"},
      {"65535 questions", asked({.questions = 65535}), "FORMERR"},
      {"an OPT question", RawMessage().question(".", RrType::kOpt), "FORMERR"},
      {"no type", RawMessage().name("a.example"), "FORMERR"},
      {"half a class", RawMessage().name("a.example").u16(1).u8(0), "FORMERR"},
      // As CoreDNS and unbound do; no RFC says a word about them.
      {"octets behind the question", asked({}).u8(0), "accepted"},
      {"a record that was not announced", asked({}).opt(1232), "accepted"},
      {"octets behind an OPT", asked({.additional = 1}).opt(1232).u8(0),
       "accepted"},
      {"a record that is not there", asked({.additional = 1}), "FORMERR"},
      {"65535 records that are not there", asked({.answers = 65535}),
       "FORMERR"},
      {"half a record", asked({.additional = 1}).u8(0).u16(41), "FORMERR"},
      {"rdata over the end",
       asked({.additional = 1}).name("x").fields(RrType::kTxt, 0, 2).u8(1),
       "FORMERR"},
      {"a label over the end", RawMessage().octets({3, 'a', 'b'}), "FORMERR"},
      {"a name without end", RawMessage().octets({1, 'a'}), "FORMERR"},
      {"reserved label bits 01",
       RawMessage().octets({0x41, 'a', 0, 0, 1, 0, 1}), "FORMERR"},
      {"reserved label bits 10",
       RawMessage().octets({0x81, 'a', 0, 0, 1, 0, 1}), "FORMERR"},
      {"a pointer in the question", RawMessage().pointer(12).u16(1).u16(1),
       "FORMERR"},
      {"a pointer into the header", RawMessage().pointer(0).u16(1).u16(1),
       "FORMERR"},
      {"half a pointer", RawMessage().u8(0xC0), "FORMERR"},
      {"a record that points at itself",
       asked({.additional = 1}).pointer(27).fields(RrType::kTxt, 0, 0),
       "FORMERR"},
      {"a record that points forward",
       asked({.additional = 1}).pointer(29).fields(RrType::kTxt, 0, 0),
       "FORMERR"},
      {"a record that points beyond the end",
       asked({.additional = 1}).pointer(0x3FFF).fields(RrType::kTxt, 0, 0),
       "FORMERR"},
      {"a record that points to its own label",
       asked({.additional = 1})
           .octets({1, 'x'})
           .pointer(27)
           .fields(RrType::kTxt, 0, 0),
       "FORMERR"},
      {"a record of another kind, which is none of our business",
       asked({.additional = 1}).pointer(12).fields(RrType::kTxt, 0, 0),
       "accepted"},
      {"any class", RawMessage().name("a").u16(1).u16(255), "accepted"},
      {"the root", RawMessage().name(".").u16(2).u16(1), "accepted"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(outcome(row.message) == row.outcome);
  }
}

TEST_CASE("names of 255 octets are read, of 256 are not") {
  std::string longest;
  for (int i = 0; i < 3; ++i) longest += std::string(63, 'a') + '.';
  CHECK(outcome(RawMessage().question(longest + std::string(61, 'b'))) ==
        "accepted");
  // A 62nd octet in the last label, which Name itself would refuse.
  RawMessage raw;
  for (int i = 0; i < 3; ++i) {
    raw.u8(63);
    for (int n = 0; n < 63; ++n) raw.u8('a');
  }
  raw.u8(62);
  for (int n = 0; n < 62; ++n) raw.u8('b');
  CHECK(outcome(raw.u8(0).u16(1).u16(1)) == "FORMERR");
}

TEST_CASE("compression is undone; chains of pointers go backwards") {
  // 12: a.example, 27: b + pointer to "example" at 14, 41: pointer to 27
  const RawMessage message = asked({.answers = 2})
                                 .octets({1, 'b'})
                                 .pointer(14)
                                 .fields(RrType::kTxt, 5, 1)
                                 .u8(0)
                                 .pointer(27)
                                 .fields(RrType::kCname, 6, 4)
                                 .octets({1, 'c'})
                                 .pointer(27);
  MessageReader reader(message.message());
  CHECK(reader.question()->qname.to_text() == "a.example.");
  const auto first = reader.record();
  REQUIRE(first);
  CHECK(first->owner.to_text() == "b.example.");
  CHECK(first->offset == 27);
  CHECK(first->ttl == 5);
  CHECK(first->ttl_offset == 35);
  CHECK(first->rdata.size() == 1);
  const auto second = reader.record();
  REQUIRE(second);
  CHECK(second->owner.to_text() == "b.example.");
  CHECK(reader.at_end());
  std::size_t position = message.size() - 4;
  CHECK(reader.name(position)->to_text() == "c.b.example.");
  CHECK(position == message.size());
  CHECK_FALSE(reader.record());
}

TEST_CASE("a name is made of at most 65 pieces") {
  for (const int pointers : {kMostPointers, kMostPointers + 1}) {
    CAPTURE(pointers);
    // A record's rdata holds labels that each point to the one before.
    RawMessage message = RawMessage({.answers = 1}).question(".");
    message.u8(0).fields(RrType::kTxt, 5, 4U * unsigned(pointers) + 3);
    std::size_t at = message.size();
    message.octets({1, 'a', 0});
    for (int i = 0; i < pointers; ++i) {
      const auto before = static_cast<unsigned>(at);
      at = message.size();
      message.octets({1, 'a'}).pointer(before);
    }
    MessageReader reader(message.message());
    CHECK(reader.name(at).has_value() == (pointers == kMostPointers));
  }
}

TEST_CASE("the names of a message take a bounded number of steps") {
  RawMessage message = RawMessage({.answers = 1}).question(".");
  message.u8(0).fields(RrType::kTxt, 5, 255);
  const std::size_t name = message.size();
  for (int i = 0; i < 127; ++i) message.octets({1, 'a'});
  message.u8(0);
  MessageReader reader(message.message());
  std::size_t names = 0;
  for (std::size_t at = name; reader.name(at); at = name) ++names;
  // Each is 127 labels and an end, and an honest message holds no such.
  CHECK(names == (kFreeSteps + kStepsPerOctet * message.size()) / 128);
}

TEST_CASE("a query has few records and few EDNS options") {
  const auto records = [](unsigned count) {
    RawMessage message =
        asked({.additional = static_cast<std::uint16_t>(count)});
    for (unsigned i = 1; i < count; ++i) {
      message.pointer(12).fields(RrType::kTxt, 0, 0);
    }
    return outcome(message.opt(1232));
  };
  CHECK(records(8) == "accepted");
  CHECK(records(9) == "FORMERR");
  const auto options = [](unsigned count) {
    RawMessage message = asked({.additional = 1}).opt(1232, 0, 4 * count);
    for (unsigned i = 0; i < count; ++i) message.u16(10).u16(0);
    return outcome(message);
  };
  CHECK(options(64) == "accepted");
  CHECK(options(65) == "FORMERR");
  CHECK(options(16'000) == "FORMERR");
  // One large option is as good as none: RFC 7830.
  CHECK(
      outcome(asked({.additional = 1}).opt(1232, 0, 8).u16(12).u16(4).u32(0)) ==
      "accepted");
  const auto labels = [](unsigned count) {
    RawMessage message = asked({.additional = 2});
    for (int i = 0; i < 2; ++i) {
      for (unsigned n = 0; n < count; ++n) message.octets({1, 'a'});
      message.pointer(12).fields(RrType::kTxt, 0, 0);
    }
    return outcome(message);
  };
  CHECK(labels(63) == "accepted");
  CHECK(labels(64) == "FORMERR");
}

TEST_CASE("pointers into a name itself make no loop") {
  // "a" then a pointer back to that "a": 12 is before 14, but not before
  // everything read so far.
  const RawMessage loop = RawMessage().octets({1, 'a'}).pointer(12).u32(65537);
  CHECK(outcome(loop) == "FORMERR");
  // Two records' names that point at each other.
  const RawMessage ring = asked({.additional = 2})
                              .pointer(39)
                              .fields(RrType::kTxt, 0, 0)
                              .pointer(27)
                              .fields(RrType::kTxt, 0, 0);
  CHECK(outcome(ring) == "FORMERR");
}

TEST_CASE("no prefix of a query is a query") {
  const Octets whole = query_message("www.example.com A +edns=4096 +do");
  CHECK(outcome(whole) == "accepted");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    // Exactly as long as it is: a sanitizer sees a read beyond.
    const Octets part(whole.begin(),
                      whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(outcome(part) == (size < kHeaderSize ? "drop" : "FORMERR"));
  }
}

TEST_CASE("random damage is refused or accepted, never more") {
  std::mt19937 random(11);
  const Octets whole = query_message("www.example.com A +edns=4096 +do");
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    Octets message = whole;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      message[random() % message.size()] = static_cast<std::uint8_t>(random());
    }
    message.resize(random() % 8 == 0 ? random() % message.size()
                                     : message.size());
    if (outcome(message) == "accepted") ++accepted;
  }
  CHECK(accepted > 1000);
  CHECK(accepted < 19000);
}
