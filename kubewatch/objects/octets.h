// Stores small values as octets: counts with seven bits per octet, and texts
// prefixed by their length.  Reading is checked: invalid octets give zeros and
// make ok() false.
//
// Plain values, no threads.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "zones/packed_count.h"

namespace canopy::kube {

class OctetWriter {
 public:
  void octet(unsigned value) { octets_ += static_cast<char>(value); }
  void count(std::uint64_t value) { append_count(octets_, value); }
  void text(std::string_view value) {
    count(value.size());
    octets_ += value;
  }
  template <std::size_t N>
  void octets(const std::array<std::uint8_t, N>& value) {
    octets_.append(reinterpret_cast<const char*>(value.data()), N);
  }
  void number(double value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    octets_.append(raw, sizeof value);
  }
  const std::string& done() const { return octets_; }

 private:
  std::string octets_;
};

class OctetReader {
 public:
  explicit OctetReader(std::string_view octets)
      : at_(octets.data()), end_(at_ + octets.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  unsigned octet() {
    if (!has(1)) return 0;
    return static_cast<unsigned char>(*at_++);
  }
  std::uint64_t count() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t next = octet();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  // Reads the number of items that follow, each of at least `least` octets.
  // Fails when the remaining octets cannot hold them, so that callers never
  // allocate memory for missing items.
  std::size_t things(std::size_t least) {
    const std::uint64_t value = count();
    ok_ = ok_ && value <= left() / least;
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }
  std::string_view text() {
    const std::uint64_t size = count();
    if (!has(size)) return {};
    const std::string_view value(at_, static_cast<std::size_t>(size));
    at_ += size;
    return value;
  }
  template <typename Octets>
  Octets octets() {
    Octets value{};
    if (!has(value.size())) return value;
    std::memcpy(value.data(), at_, value.size());
    at_ += value.size();
    return value;
  }
  double number() {
    double value = 0;
    if (!has(sizeof value)) return value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  void fail() { ok_ = false; }

 private:
  bool has(std::uint64_t size) {
    ok_ = ok_ && size <= static_cast<std::uint64_t>(end_ - at_);
    return ok_;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace canopy::kube
