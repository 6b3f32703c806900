#include "zones/rdata_names.h"

#include "zones/octets.h"
#include "zones/rdata_layout.h"

namespace canopy {
namespace {

using Rdata = std::span<const std::uint8_t>;

// RFC 3403 4.1: order, preference, three character-strings, a name.
std::optional<RdataNames> naptr_names(Rdata rdata) {
  std::size_t at = 4;
  for (int string = 0; string < 3; ++string) {
    if (at >= rdata.size()) return std::nullopt;
    at += 1U + rdata[at];
  }
  return RdataNames{.before = at, .names = 1, .after = 0};
}

// RFC 2874 3.1: prefix length, rest of the address, name of the prefix.
std::optional<RdataNames> a6_names(Rdata rdata) {
  if (rdata.empty() || rdata[0] > 128) return std::nullopt;
  const std::size_t suffix = (128U - rdata[0] + 7) / 8;
  return RdataNames{
      .before = 1 + suffix, .names = rdata[0] == 0 ? 0 : 1, .after = 0};
}

// RFC 4025 2.1, RFC 8777 4.2: octet 1 tells whether the gateway is an address
// or a name (3).  The gateway follows after `before` octets.
std::optional<RdataNames> gateway_names(Rdata rdata, std::size_t before) {
  if (rdata.size() < before) return std::nullopt;
  if ((rdata[1] & 0x7F) != 3) return RdataNames{};
  return RdataNames{.before = before, .names = 1};
}

// RFC 8005 5: two lengths, a tag, a key, then the names of servers.
std::optional<RdataNames> hip_names(Rdata rdata) {
  if (rdata.size() < 4) return std::nullopt;
  const std::size_t key = load16(rdata, 2);
  return RdataNames{.before = 4U + rdata[0] + key,
                    .names = RdataNames::kToTheEnd,
                    .after = 0};
}

}  // namespace

std::optional<RdataNames> rdata_names(RrType type, Rdata rdata) {
  const RdataLayout layout = rdata_layout(type);
  if (layout.names > 0) {
    return RdataNames{.before = layout.before,
                      .names = layout.names,
                      .after = layout.after,
                      .compressible = layout.compressible};
  }
  switch (static_cast<std::uint16_t>(type)) {
    case 23:  // NSAP-PTR
      return RdataNames{.names = 1, .after = 0};
    case 24:  // SIG
    case 46:  // RRSIG
      return RdataNames{.before = 18, .names = 1};
    case 30:  // NXT
    case 47:  // NSEC
      return RdataNames{.names = 1};
    case 35:  // NAPTR
      return naptr_names(rdata);
    case 38:  // A6
      return a6_names(rdata);
    case 45:  // IPSECKEY
      return gateway_names(rdata, 3);
    case 55:  // HIP
      return hip_names(rdata);
    case 58:  // TALINK
      return RdataNames{.names = 2, .after = 0};
    case 64:  // SVCB
    case 65:  // HTTPS
      return RdataNames{.before = 2, .names = 1};
    case 66:  // DSYNC
      return RdataNames{.before = 5, .names = 1, .after = 0};
    case 107:  // LP
      return RdataNames{.before = 2, .names = 1, .after = 0};
    case 260:  // AMTRELAY
      return gateway_names(rdata, 2);
    default:
      return RdataNames{};
  }
}

}  // namespace canopy
