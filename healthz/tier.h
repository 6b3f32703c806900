// The tier and the transport of a question, used in counters, probes and logs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace canopy {

enum class Tier : std::uint8_t { kCache, kZone };
enum class Transport : std::uint8_t { kUdp, kTcp };

inline constexpr std::size_t kTiers = 2;
inline constexpr std::size_t kTransports = 2;

}  // namespace canopy
