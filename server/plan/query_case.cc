#include "server/plan/query_case.h"

#include <array>

namespace canopy {
namespace {

struct Ipv4Block {
  std::uint32_t address;
  std::uint32_t mask;
};

// RFC 1122 3.2.1.3, RFC 1918, RFC 3927, RFC 6598.
constexpr std::array<Ipv4Block, 6> kNotPublic{{
    {0x7F000000, 0xFF000000},  // 127.0.0.0/8
    {0x0A000000, 0xFF000000},  // 10.0.0.0/8
    {0xAC100000, 0xFFF00000},  // 172.16.0.0/12
    {0xC0A80000, 0xFFFF0000},  // 192.168.0.0/16
    {0xA9FE0000, 0xFFFF0000},  // 169.254.0.0/16
    {0x64400000, 0xFFC00000},  // 100.64.0.0/10
}};

bool is_public(const boost::asio::ip::address_v4& address) {
  for (const Ipv4Block& block : kNotPublic) {
    if ((address.to_uint() & block.mask) == block.address) return false;
  }
  return true;
}

bool is_public(const Address& address) {
  if (address.is_v4()) return is_public(address.to_v4());
  const auto v6 = address.to_v6();
  const auto octets = v6.to_bytes();
  if (v6.is_v4_mapped()) {
    return is_public(boost::asio::ip::address_v4(
        {octets[12], octets[13], octets[14], octets[15]}));
  }
  const bool is_unique_local = (octets[0] & 0xFE) == 0xFC;  // RFC 4193
  return !v6.is_loopback() && !v6.is_link_local() && !is_unique_local;
}

}  // namespace

bool asks_in_random_case(QueryCase policy, const Name& domain,
                         const Address& upstream) {
  if (policy != QueryCase::kAuto) return policy == QueryCase::kAlways;
  return domain.view().label_count() == 0 && is_public(upstream);
}

}  // namespace canopy
