// The types with names in their rdata, and whether a message may compress those
// names (RFC 3597 4).  SRV targets are read compressed, but never written so
// (RFC 2782).
#pragma once

#include <cstddef>

#include "zones/rr_types.h"

namespace canopy {

struct RdataLayout {
  std::size_t before = 0;  // octets before the first name
  int names = 0;           // number of adjacent names
  bool compressible = false;
  std::size_t after = 0;  // octets after the last name
};

constexpr RdataLayout rdata_layout(RrType type) {
  switch (static_cast<std::uint16_t>(type)) {
    case 2:   // NS
    case 3:   // MD
    case 4:   // MF
    case 5:   // CNAME
    case 7:   // MB
    case 8:   // MG
    case 9:   // MR
    case 12:  // PTR
    case static_cast<std::uint16_t>(RrType::kWeakPtr):
      return {0, 1, true};
    case 6:  // SOA
      return {0, 2, true, 20};
    case 14:  // MINFO
      return {0, 2, true};
    case 15:  // MX
      return {2, 1, true};
    case 17:  // RP
      return {0, 2, false};
    case 18:  // AFSDB
    case 21:  // RT
    case 36:  // KX
      return {2, 1, false};
    case 26:  // PX
      return {2, 2, false};
    case 33:  // SRV
      return {6, 1, false};
    case 39:  // DNAME
      return {0, 1, false};
    default:
      return {};
  }
}

}  // namespace canopy
