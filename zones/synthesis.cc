#include "zones/synthesis.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <string>

#include "zones/rrset.h"

namespace canopy {
namespace {

// Three single dashes are the dots of an IPv4 address; anything else is IPv6.
std::optional<IpAddress> spelled_address(std::string_view label) {
  // The address parser would also accept other octets: ".", ":", NUL.
  const bool spells = std::ranges::all_of(
      label, [](unsigned char c) { return c == '-' || std::isxdigit(c) != 0; });
  if (!spells) return std::nullopt;
  const bool v4 = std::ranges::count(label, '-') == 3 &&
                  label.find("--") == std::string_view::npos;
  std::string text(label);
  std::ranges::replace(text, '-', v4 ? '.' : ':');
  return ip_from_text(text);
}

}  // namespace

std::optional<RrsetView> dashed_address(std::string_view label,
                                        std::uint32_t ttl,
                                        Answer::Scratch& scratch) {
  const std::optional<IpAddress> address = spelled_address(label);
  if (!address) return std::nullopt;
  const Ipv4* v4 = std::get_if<Ipv4>(&*address);
  scratch.clear();
  if (v4) {
    append_record(scratch, 1, {*v4});
  } else {
    append_record(scratch, 1, {std::get<Ipv6>(*address)});
  }
  return RrsetView(v4 ? RrType::kA : RrType::kAaaa, ttl, 1, scratch.data(),
                   kNoSuffix);
}

}  // namespace canopy
