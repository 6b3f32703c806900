// Reads and writes numbers in network order, the most significant octet first,
// as in messages (RFC 1035 2.3.2).
//
// REQUIRES, for all functions: the octets at `at` exist; a build with
// assertions checks this, as for std::span.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace canopy {

inline std::uint16_t load16(std::span<const std::uint8_t> octets,
                            std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8 | octets[at + 1]);
}

inline std::uint32_t load32(std::span<const std::uint8_t> octets,
                            std::size_t at) {
  return static_cast<std::uint32_t>(load16(octets, at)) << 16 |
         load16(octets, at + 2);
}

// The low 16 bits of `value`.
inline void store16(std::span<std::uint8_t> octets, std::size_t at,
                    std::size_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8);
  octets[at + 1] = static_cast<std::uint8_t>(value);
}

inline void store32(std::span<std::uint8_t> octets, std::size_t at,
                    std::uint32_t value) {
  store16(octets, at, value >> 16);
  store16(octets, at + 2, value);
}

// The low 16 bits of `value`.
inline void append16(std::vector<std::uint8_t>& octets, std::size_t value) {
  octets.push_back(static_cast<std::uint8_t>(value >> 8));
  octets.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace canopy
