#include "zones/octets.h"

#include <doctest/doctest.h>

#include <array>

namespace canopy {
namespace {

TEST_CASE("numbers are read with their most significant octet first") {
  const std::array<std::uint8_t, 6> octets{0xff, 0x01, 0x02, 0x80, 0x04, 0xff};
  CHECK(load16(octets, 0) == 0xff01);
  CHECK(load16(octets, 4) == 0x04ff);
  CHECK(load32(octets, 0) == 0xff010280);
  CHECK(load32(octets, 2) == 0x028004ff);
}

TEST_CASE("a number is written at its offset, and no other octet changes") {
  std::array<std::uint8_t, 6> octets{9, 9, 9, 9, 9, 9};
  store16(octets, 1, 0xff01);
  CHECK(octets == std::array<std::uint8_t, 6>{9, 0xff, 0x01, 9, 9, 9});
  store32(octets, 2, 0x80020304);
  CHECK(octets == std::array<std::uint8_t, 6>{9, 0xff, 0x80, 2, 3, 4});
}

TEST_CASE("of a larger number the low 16 bits are written") {
  std::vector<std::uint8_t> octets;
  append16(octets, 0x12345);
  append16(octets, 0);
  CHECK(octets == std::vector<std::uint8_t>{0x23, 0x45, 0, 0});
  store16(octets, 2, 0xabcde);
  CHECK(load16(octets, 2) == 0xbcde);
}

}  // namespace
}  // namespace canopy
