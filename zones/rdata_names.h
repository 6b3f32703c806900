// Where domain names stand in rdata that came in a message.  Knows more types
// than zones/rdata_layout.h: RFC 3597 section 4 forbids compressed names in
// types newer than RFC 1035, but some servers compress them all the same, and
// such a name means nothing outside its message.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "zones/rr_types.h"

namespace canopy {

struct RdataNames {
  static constexpr int kToTheEnd = -1;

  std::size_t before = 0;  // octets before the first name
  int names = 0;           // names that follow one another; or kToTheEnd
  // Octets after the last name; nothing: any number of them.
  std::optional<std::size_t> after{};
  bool compressible = false;
};

// For rdata of type `type`.  A type that is not known has no names.  Nothing
// when the rdata is too short for the fields that say where its names stand.
std::optional<RdataNames> rdata_names(RrType type,
                                      std::span<const std::uint8_t> rdata);

}  // namespace canopy
