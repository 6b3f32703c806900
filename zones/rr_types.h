// The DNS's types, classes, opcodes, rcodes and extended error codes, named as
// in the IANA registries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace canopy {

enum class RrType : std::uint16_t {
  // Not on the wire.  kName: the owner name exists and has no other meaning (an
  // empty non-terminal that must not be removed).
  kName = 0,
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kHinfo = 13,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kNaptr = 35,
  kDname = 39,
  kOpt = 41,
  kSvcb = 64,
  kHttps = 65,
  kTsig = 250,
  kIxfr = 251,
  kAxfr = 252,
  kAny = 255,
  // Not on the wire (private use range).  kDashedAddresses: each name directly
  // below the owner that spells an address with dashes has that address.
  kDashedAddresses = 65280,
  // Sent as a PTR; left out where the owner has a kPtr.
  kWeakPtr = 65281,
};

enum class RrClass : std::uint16_t {
  kIn = 1,
  kCh = 3,
  kHs = 4,
  kNone = 254,
  kAny = 255
};

enum class Opcode : std::uint8_t {
  kQuery = 0,
  kIquery = 1,
  kStatus = 2,
  kNotify = 4,
  kUpdate = 5
};

enum class Rcode : std::uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kBadVers = 16,
};

// Extended DNS errors (RFC 8914 5.2).
enum class InfoCode : std::uint16_t {
  kOther = 0,
  kStaleAnswer = 3,
  kCachedError = 13,
  kNotReady = 14,
  kProhibited = 18,
  kStaleNxDomain = 19,
  kNoReachableAuthority = 22,
  kNetworkError = 23,
};

// "A", "SRV", or "TYPE123" (RFC 3597).
std::string to_text(RrType type);
std::optional<RrType> rr_type_from_text(std::string_view text);
// "NOERROR", "NXDOMAIN", or "RCODE11".
std::string to_text(Rcode rcode);

}  // namespace canopy
