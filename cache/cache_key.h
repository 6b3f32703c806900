// The key of a cached answer.  Two questions with equal keys may share an
// answer.  The key contains the name without case, the type, the class, the DO
// and CD bits (RFC 4035 4.7; CVE-2024-0874 is about a missing CD bit), and the
// part of the cache.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>

#include "zones/query.h"

namespace canopy {

// Listeners with different rules have different parts of the cache.
using CachePart = std::uint8_t;

class CacheKey {
 public:
  static constexpr CachePart kParts = 64;

  // REQUIRES: part < kParts.
  explicit CacheKey(const Query& query, CachePart part = 0) {
    const auto name = query.qname.wire();
    fold_into(&octets_[0], name);
    const auto type = static_cast<std::uint16_t>(query.qtype);
    const auto rr_class = static_cast<std::uint16_t>(query.qclass);
    std::uint8_t* tail = &octets_[name.size()];
    std::memcpy(tail, &type, sizeof type);
    std::memcpy(tail + 2, &rr_class, sizeof rr_class);
    tail[4] = static_cast<std::uint8_t>((query.dnssec_ok() ? 1 : 0) |
                                        (query.checking_disabled ? 2 : 0) |
                                        part << 2);
    size_ = name.size() + 5;
    hash_ = hash_exact(octets(), kSeed);
  }

  std::span<const std::uint8_t> octets() const { return {&octets_[0], size_}; }
  // Seeded randomly for each process.
  std::uint64_t hash() const { return hash_; }

  friend bool operator==(const CacheKey& a, const CacheKey& b) {
    return a.hash_ == b.hash_ && a.size_ == b.size_ &&
           std::memcmp(&a.octets_[0], &b.octets_[0], a.size_) == 0;
  }

 private:
  inline static const std::uint64_t kSeed =
      std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();

  std::array<std::uint8_t, kMaxNameSize + 5> octets_;
  std::size_t size_;
  std::uint64_t hash_;
};

}  // namespace canopy
