#include "server/net/client.h"

#include <algorithm>
#include <cstring>

#include "server/net/random_octets.h"

namespace canopy {
namespace {

__extension__ using Wide = unsigned __int128;

// An IPv6 address as two integers.
struct Halves {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

// Returns the first `size` octets as an integer.
std::uint64_t number_of(const void* octets, std::size_t size) {
  const auto* const from = static_cast<const std::uint8_t*>(octets);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = number << 8 | from[i];
  return number;
}

Client ipv4_client(std::uint64_t address) {
  return Client(address & 0xFFFF'FFFF);
}

// Returns 64 bits of which the first `count` are set.
std::uint64_t first_bits(unsigned count) {
  return count == 0 ? 0 : ~std::uint64_t{0} << (64 - count);
}

Wide random_wide(RandomOctets& random) {
  return Wide{random.next64()} << 64 | random.next64();
}

// Multiply-shift hashing (Dietzfelbinger 1996).  Two addresses that were chosen
// without the key have equal digests with a probability of 2^-63.
class Digest {
 public:
  Digest() {
    RandomOctets random;
    for (Wide* const key : {&high_, &low_, &sum_}) *key = random_wide(random);
  }

  Client of(Halves address) const {
    const Wide mixed = high_ * address.high + low_ * address.low + sum_;
    return Client(static_cast<std::uint64_t>(mixed >> 64) | kIsDigest);
  }

 private:
  static constexpr std::uint64_t kIsDigest = std::uint64_t{1} << 63;

  Wide high_ = 0;
  Wide low_ = 0;
  Wide sum_ = 0;
};

struct Rules {
  Halves mask{first_bits(64), 0};
  std::vector<std::uint64_t> own;  // first 48 bits of each network
};

Rules& rules() {
  static Rules kept;
  return kept;
}

bool is_inside(Halves address) {
  const bool is_unique_local = address.high >> 57 == 0xFC >> 1;
  const bool is_link_local = address.high >> 54 == 0xFE80 >> 6;
  const bool is_loopback = address.high == 0 && address.low == 1;
  if (is_unique_local || is_link_local || is_loopback) return true;
  const auto& own = rules().own;
  return std::find(own.begin(), own.end(), address.high >> 16) != own.end();
}

Client ipv6_client(Halves address) {
  constexpr std::uint64_t kMapped = 0xFFFF;                // ::ffff:0:0/96
  constexpr std::uint64_t kNat64 = 0x0064'FF9B'0000'0000;  // RFC 6052
  constexpr std::uint64_t k6to4 = 0x2002;                  // RFC 3056
  const std::uint64_t upper_low = address.low >> 32;
  if (address.high == 0 && upper_low == kMapped) {
    return ipv4_client(address.low);
  }
  if (address.high == kNat64 && upper_low == 0) return ipv4_client(address.low);
  if (address.high >> 48 == k6to4) return ipv4_client(address.high >> 16);
  static const Digest digest;
  if (is_inside(address)) return digest.of(address);
  const Halves& mask = rules().mask;
  return digest.of({address.high & mask.high, address.low & mask.low});
}

}  // namespace

void set_ipv6_clients(const Ipv6Clients& clients) {
  Rules& set = rules();
  set.mask = {first_bits(std::min(clients.prefix, 64U)),
              first_bits(std::max(clients.prefix, 64U) - 64)};
  set.own.clear();
  for (const Address& address : clients.own) {
    if (!address.is_v6()) continue;
    const auto octets = address.to_v6().to_bytes();
    const std::uint64_t network = number_of(octets.data(), 6);
    // Loopback (::1) does not make ::/48 part of the cluster.
    if (network != 0) set.own.push_back(network);
  }
}

Client client_of(const sockaddr_in6& address) {
  if (address.sin6_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return ipv4_client(number_of(&v4.sin_addr, 4));
  }
  if (address.sin6_family != AF_INET6) return kOurselves;
  const std::uint8_t* const octets = address.sin6_addr.s6_addr;
  return ipv6_client({number_of(octets, 8), number_of(octets + 8, 8)});
}

Client client_of(const Address& address) {
  const SocketAddress endpoint(address, 0);
  sockaddr_in6 plain{};
  std::memcpy(&plain, endpoint.data(), endpoint.size());
  return client_of(plain);
}

}  // namespace canopy
