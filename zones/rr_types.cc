#include "zones/rr_types.h"

#include <array>
#include <charconv>

namespace canopy {
namespace {

struct Mnemonic {
  RrType type;
  std::string_view text;
};

constexpr std::array kMnemonics = {
    Mnemonic{RrType::kA, "A"},         Mnemonic{RrType::kNs, "NS"},
    Mnemonic{RrType::kCname, "CNAME"}, Mnemonic{RrType::kSoa, "SOA"},
    Mnemonic{RrType::kPtr, "PTR"},     Mnemonic{RrType::kHinfo, "HINFO"},
    Mnemonic{RrType::kMx, "MX"},       Mnemonic{RrType::kTxt, "TXT"},
    Mnemonic{RrType::kAaaa, "AAAA"},   Mnemonic{RrType::kSrv, "SRV"},
    Mnemonic{RrType::kNaptr, "NAPTR"}, Mnemonic{RrType::kDname, "DNAME"},
    Mnemonic{RrType::kOpt, "OPT"},     Mnemonic{RrType::kSvcb, "SVCB"},
    Mnemonic{RrType::kHttps, "HTTPS"}, Mnemonic{RrType::kTsig, "TSIG"},
    Mnemonic{RrType::kIxfr, "IXFR"},   Mnemonic{RrType::kAxfr, "AXFR"},
    Mnemonic{RrType::kAny, "ANY"},     Mnemonic{RrType::kWeakPtr, "PTR"},
};

}  // namespace

std::string to_text(RrType type) {
  for (const Mnemonic& mnemonic : kMnemonics) {
    if (mnemonic.type == type) return std::string(mnemonic.text);
  }
  return "TYPE" + std::to_string(static_cast<unsigned>(type));
}

std::optional<RrType> rr_type_from_text(std::string_view text) {
  for (const Mnemonic& mnemonic : kMnemonics) {
    if (mnemonic.text == text) return mnemonic.type;
  }
  if (!text.starts_with("TYPE")) return std::nullopt;
  text.remove_prefix(4);
  std::uint16_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return RrType{number};
}

std::string to_text(Rcode rcode) {
  switch (rcode) {
    case Rcode::kNoError:
      return "NOERROR";
    case Rcode::kFormErr:
      return "FORMERR";
    case Rcode::kServFail:
      return "SERVFAIL";
    case Rcode::kNxDomain:
      return "NXDOMAIN";
    case Rcode::kNotImp:
      return "NOTIMP";
    case Rcode::kRefused:
      return "REFUSED";
    case Rcode::kBadVers:
      return "BADVERS";
  }
  return "RCODE" + std::to_string(static_cast<unsigned>(rcode));
}

}  // namespace canopy
