// The positions of domain names in rdata from a message.  Covers more types
// than zones/rdata_layout.h.  RFC 3597 section 4 forbids compressed names in
// types newer than RFC 1035, but some servers compress them anyway.  A
// compressed name has no meaning outside its message.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "zones/rr_types.h"

namespace canopy {

struct RdataNames {
  static constexpr int kToTheEnd = -1;

  std::size_t before = 0;  // octets before the first name
  int names = 0;           // number of adjacent names, or kToTheEnd
  // Octets after the last name; nothing if any number is allowed.
  std::optional<std::size_t> after{};
  bool compressible = false;
};

// The names in rdata of type `type`.  An unknown type has no names.  Nothing
// when the rdata is too short for the fields that determine where its names
// are.
std::optional<RdataNames> rdata_names(RrType type,
                                      std::span<const std::uint8_t> rdata);

}  // namespace canopy
