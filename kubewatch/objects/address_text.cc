#include "kubewatch/objects/address_text.h"

#include <algorithm>
#include <array>
#include <string>
#include <variant>

namespace canopy::kube {

namespace {

// Longer texts are not addresses; Kubernetes stores at most 45 octets.
constexpr std::size_t kLongest = 128;

// The prefix of IPv4-mapped IPv6 addresses (RFC 4291 2.5.5.2).
constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                  0, 0, 0, 0, 0xFF, 0xFF};

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
         (c >= 'A' && c <= 'F');
}

std::string without_leading_zeros(std::string_view text) {
  std::string out;
  bool in_number = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool more = i + 1 < text.size() && is_hex(text[i + 1]);
    if (text[i] == '0' && !in_number && more) continue;
    in_number = is_hex(text[i]);
    out += text[i];
  }
  return out;
}

}  // namespace

std::optional<IpAddress> address_from_text(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  auto address = ip_from_text(without_leading_zeros(text));
  if (!address) return std::nullopt;
  const auto* v6 = std::get_if<Ipv6>(&*address);
  if (v6 == nullptr || !std::equal(kMapped.begin(), kMapped.end(), v6->begin()))
    return address;
  Ipv4 v4;
  std::copy(v6->begin() + kMapped.size(), v6->end(), v4.begin());
  return v4;
}

}  // namespace canopy::kube
