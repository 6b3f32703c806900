// Counts and sizes in as few octets as they need (LEB128): each octet has seven
// bits, low bits first; the eighth bit is set if more octets follow.
#pragma once

#include <cstdint>

namespace canopy {

// Reads the count at `at` and moves `at` past it.
inline std::uint64_t read_count(const std::uint8_t*& at) {
  std::uint64_t value = *at++;
  if (value < 0x80) return value;
  value &= 0x7F;
  for (unsigned shift = 7;; shift += 7) {
    const std::uint64_t next = *at++;
    value |= (next & 0x7F) << shift;
    if (next < 0x80) return value;
  }
}

// `octets` is a string or a vector of octets.
template <typename Octets>
void append_count(Octets& octets, std::uint64_t value) {
  using Octet = typename Octets::value_type;
  for (; value >= 0x80; value >>= 7) {
    octets.push_back(static_cast<Octet>(0x80 | (value & 0x7F)));
  }
  octets.push_back(static_cast<Octet>(value));
}

}  // namespace canopy
