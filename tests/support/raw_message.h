// Builds messages octet by octet, well formed or not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "zones/rrset.h"

namespace canopy::test {

inline void append16(Octets& octets, std::size_t value) {
  octets.push_back(static_cast<std::uint8_t>(value >> 8));
  octets.push_back(static_cast<std::uint8_t>(value));
}

class RawMessage {
 public:
  struct Header {
    std::uint16_t id = 0x1234;
    std::uint16_t flags = 0;
    std::uint16_t questions = 1;
    std::uint16_t answers = 0;
    std::uint16_t authority = 0;
    std::uint16_t additional = 0;
  };
  RawMessage() : RawMessage(Header{}) {}
  explicit RawMessage(const Header& header) {
    u16(header.id).u16(header.flags).u16(header.questions);
    u16(header.answers).u16(header.authority).u16(header.additional);
  }

  RawMessage& u8(unsigned value) {
    octets_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  RawMessage& u16(unsigned value) {
    append16(octets_, value);
    return *this;
  }
  RawMessage& u32(std::uint32_t value) { return u16(value >> 16).u16(value); }
  RawMessage& octets(std::initializer_list<unsigned> values) {
    for (const unsigned value : values) u8(value);
    return *this;
  }
  // Appends the name uncompressed.
  RawMessage& name(std::string_view text) {
    const Name name = Name::from_text(text).value();
    octets_.insert(octets_.end(), name.wire().begin(), name.wire().end());
    return *this;
  }
  RawMessage& pointer(unsigned offset) { return u16(0xC000U | offset); }
  RawMessage& question(std::string_view qname, RrType type = RrType::kA) {
    return name(qname).u16(static_cast<unsigned>(type)).u16(1);
  }
  // Appends type, class IN, TTL and length.  The owner precedes, rdata follows.
  RawMessage& fields(RrType type, std::uint32_t ttl, unsigned size) {
    return u16(static_cast<unsigned>(type)).u16(1).u32(ttl).u16(size);
  }
  RawMessage& opt(unsigned udp_size, std::uint32_t ttl = 0, unsigned size = 0) {
    return u8(0).u16(41).u16(udp_size).u32(ttl).u16(size);
  }

  const Octets& message() const { return octets_; }
  operator const Octets&() const { return octets_; }
  operator std::span<const std::uint8_t>() const { return octets_; }
  std::size_t size() const { return octets_.size(); }

 private:
  Octets octets_;
};

}  // namespace canopy::test
