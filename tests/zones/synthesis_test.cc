#include "zones/synthesis.h"

#include <doctest/doctest.h>

#include <string>

#include "zones/rrset.h"

using namespace canopy;

namespace {

// "A 10.0.0.7", or "none".
std::string spelled(std::string_view label) {
  Answer::Scratch scratch;
  const auto rrset = dashed_address(label, 30, scratch);
  if (!rrset) return "none";
  CHECK(rrset->ttl() == 30);
  CHECK(rrset->count() == 1);
  const Octets rdata((*rrset->begin()).begin(), (*rrset->begin()).end());
  const std::string text =
      to_text(Record{*Name::from_text("x"), rrset->type(), 30, rdata});
  return text.substr(std::string_view("x. 30 IN ").size());
}

}  // namespace

TEST_CASE("labels that spell an address with dashes") {
  struct Row {
    std::string_view label;
    std::string_view address;
  };
  const Row rows[] = {
      {"10-0-0-7", "A 10.0.0.7"},
      {"0-0-0-0", "A 0.0.0.0"},
      {"255-255-255-255", "A 255.255.255.255"},
      {"2001-db8--7", "AAAA 2001:db8::7"},
      {"2001-DB8--7", "AAAA 2001:db8::7"},
      {"2001-db8-0-0-0-0-0-1", "AAAA 2001:db8::1"},
      {"2001-db8--0", "AAAA 2001:db8::"},
      {"--1", "AAAA ::1"},
      {"--", "AAAA ::"},
      {"1-2-3--", "AAAA 1:2:3::"},
      {"--ffff-1-2-3-4", "AAAA ::ffff:1:2:3:4"},
      {"256-2-3-4", "none"},
      {"01-2-3-4", "none"},
      {"1-2-3", "none"},
      {"x-2-3-4", "none"},
      {"1-2-3-4-5", "none"},
      {"-1-2-3-4", "none"},
      {"1-2-3-4-", "none"},
      {"", "none"},
      {"-", "none"},
      {"web", "none"},
      {"1-2-3-4-5-6-7-8-9", "none"},
      {"12345--1", "none"},
      // Only dashes spell: these are labels with other octets in them.
      {"10.0.0.7", "none"},
      {"2001:db8::7", "none"},
      {"--ffff-10.0.0.7", "none"},
      {std::string_view("10-0-0-7\0", 9), "none"},
      {std::string_view("10-0-0-7\0x", 10), "none"},
      {"0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0", "none"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.label);
    CHECK(spelled(row.label) == row.address);
  }
}
