#include "zones/rdata_names.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/message_text.h"
#include "tests/support/raw_message.h"
#include "zones/message_index.h"

using namespace canopy;
using test::RawMessage;

namespace {

// A record of a.example whose rdata is `before`, a pointer to the question
// (which stands at 12), and `after`.
RawMessage with_pointer(unsigned type, const Octets& before,
                        const Octets& after, int pointers = 1) {
  RawMessage message({.flags = 0x8000, .answers = 1});
  message.question("a.example")
      .pointer(12)
      .fields(RrType{static_cast<std::uint16_t>(type)}, 5,
              static_cast<unsigned>(before.size() + after.size()) +
                  2U * static_cast<unsigned>(pointers));
  for (const std::uint8_t octet : before) message.u8(octet);
  for (int i = 0; i < pointers; ++i) message.pointer(12);
  for (const std::uint8_t octet : after) message.u8(octet);
  return message;
}

std::optional<Octets> expanded(const Octets& message) {
  MessageIndex index;
  if (!index.read(message)) return std::nullopt;
  MessageReader reader(message);
  reader.question();
  const auto record = reader.record();
  return expanded_rdata(reader, *record, message);
}

Octets joined(Octets before, int names, const Octets& after) {
  const Name name = *Name::from_text("a.example");
  for (int i = 0; i < names; ++i) {
    before.insert(before.end(), name.wire().begin(), name.wire().end());
  }
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

}  // namespace

TEST_CASE("names of types newer than RFC 1035 are expanded (RFC 3597 4)") {
  struct Row {
    std::string_view what;
    unsigned type;
    Octets before;
    Octets after;
    int names = 1;
  };
  const Octets signature(18, 1);
  const Row rows[] = {
      {"RP", 17, {}, {}, 2},
      {"AFSDB", 18, {0, 1}, {}},
      {"NSAP-PTR", 23, {}, {}},
      {"SIG", 24, signature, {1, 2, 3}},
      {"PX", 26, {0, 1}, {}, 2},
      {"NXT", 30, {}, {0x40}},
      {"SRV", 33, {0, 1, 0, 2, 0, 80}, {}},
      {"NAPTR", 35, {0, 1, 0, 2, 1, 'u', 0, 2, '!', '!'}, {}},
      {"KX", 36, {0, 1}, {}},
      {"A6", 38, {120, 1}, {}},
      {"DNAME", 39, {}, {}},
      {"IPSECKEY", 45, {10, 3, 2}, {1, 2, 3, 4}},
      {"RRSIG", 46, signature, {1, 2, 3}},
      {"NSEC", 47, {}, {0, 1, 0x40}},
      {"HIP", 55, {2, 2, 0, 3, 1, 1, 9, 9, 9}, {}, 3},
      {"TALINK", 58, {}, {}, 2},
      {"SVCB", 64, {0, 1}, {0, 3, 0, 2, 1, 187}},
      {"HTTPS", 65, {0, 0}, {}},
      {"DSYNC", 66, {0, 59, 1, 20, 230}, {}},
      {"LP", 107, {0, 10}, {}},
      {"AMTRELAY", 260, {10, 0x83}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(expanded(with_pointer(row.type, row.before, row.after, row.names)) ==
          joined(row.before, row.names, row.after));
    // A name that is not whole refuses the message.
    Octets cut = row.before;
    cut.push_back(5);
    CHECK_FALSE(expanded(with_pointer(row.type, cut, {}, 0)));
    if (!row.before.empty()) {
      cut.resize(row.before.size() - 1);
      CHECK_FALSE(expanded(with_pointer(row.type, cut, {}, 0)));
    }
  }
}

TEST_CASE("where there is no name, octets are octets") {
  struct Row {
    std::string_view what;
    unsigned type;
    Octets rdata;
  };
  const Row rows[] = {
      {"a type nobody knows", 65400, {0xC0, 12}},
      {"TXT", 16, {2, 0xC0, 12}},
      {"CAA", 257, {0, 1, 'x', 0xC0, 12}},
      {"IPSECKEY with an IPv4 gateway", 45, {10, 1, 2, 0xC0, 12, 1, 1, 7}},
      {"IPSECKEY without a gateway", 45, {10, 0, 2, 0xC0, 12}},
      {"AMTRELAY with an IPv4 relay", 260, {10, 1, 0xC0, 12, 1, 1}},
      {"A6 without a prefix",
       38,
       {0, 0xC0, 12, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
      {"HIP without servers", 55, {2, 2, 0, 2, 1, 1, 0xC0, 12}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(expanded(with_pointer(row.type, row.rdata, {}, 0)) == row.rdata);
  }
}
