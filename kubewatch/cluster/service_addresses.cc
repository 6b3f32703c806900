#include "kubewatch/cluster/service_addresses.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <variant>

namespace canopy::kube {
namespace {

// FNV-1a is the same in every build; std::hash need not be.
std::uint64_t hash_of(const ObjectKey& key) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : key.namespace_ + "/" + key.name) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211ull;
  }
  return hash ^ hash >> 32;
}

std::span<std::uint8_t> octets_of(IpAddress& address) {
  return std::visit(
      [](auto& octets) { return std::span<std::uint8_t>(octets); }, address);
}

// Adds `offset` to the network's address, whose host bits are zero.
IpAddress address_at(const ServiceCidr& cidr, std::uint64_t offset) {
  IpAddress address = cidr.network;
  const auto octets = octets_of(address);
  for (std::size_t i = octets.size(); offset != 0 && i-- > 0; offset >>= 8) {
    octets[i] |= static_cast<std::uint8_t>(offset);
  }
  return address;
}

// The offsets to allocate: [first, first + count).
struct Range {
  std::uint64_t first = 1;
  std::uint64_t count = 0;
};

// Low addresses are reserved for users who choose their own (KEP-3070).  The
// network's own address and its last address are not allocated either.
Range range_of(const ServiceCidr& cidr) {
  constexpr unsigned kMostHostBits = 32;  // enough for any cluster
  const std::size_t bits =
      std::holds_alternative<Ipv4>(cidr.network) ? 32 : 128;
  const auto host_bits =
      std::min<std::size_t>(bits - cidr.prefix, kMostHostBits);
  const std::uint64_t size = std::uint64_t{1} << host_bits;
  if (size < 4) return {};
  const std::uint64_t band = std::clamp<std::uint64_t>(
      size / 16, std::min<std::uint64_t>(16, size / 2), 256);
  return {band, size - 1 - band};
}

}  // namespace

std::map<ObjectKey, IpAddress> allocate_addresses(
    const ServiceCidr& cidr, const std::set<ObjectKey>& wanting,
    const std::set<IpAddress>& taken) {
  const Range range = range_of(cidr);
  std::map<ObjectKey, IpAddress> allocated;
  std::set<IpAddress> used = taken;
  for (const ObjectKey& key : wanting) {
    if (allocated.size() >= range.count) break;
    const std::uint64_t start = hash_of(key) % range.count;
    // The loop is bounded: each step visits another used address.
    for (std::uint64_t step = 0; step < std::min(range.count, used.size() + 1);
         ++step) {
      const IpAddress address =
          address_at(cidr, range.first + (start + step) % range.count);
      if (!used.insert(address).second) continue;
      allocated.emplace(key, address);
      break;
    }
  }
  return allocated;
}

}  // namespace canopy::kube
