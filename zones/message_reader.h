// DNS messages from the network, read with distrust (RFC 1035 4.1, RFC 6891).
// Every length is checked; compression pointers must point backwards, which
// bounds the work by the message's size.  No allocation, no exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "zones/name.h"
#include "zones/query.h"
#include "zones/result.h"
#include "zones/rr_types.h"

namespace canopy {

inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kMaxMessageSize = 65535;

// The second 16 bits of a header (RFC 1035 4.1.1, RFC 4035 3).
namespace flag {
inline constexpr std::uint16_t kQr = 0x8000;
inline constexpr std::uint16_t kAa = 0x0400;
inline constexpr std::uint16_t kTc = 0x0200;
inline constexpr std::uint16_t kRd = 0x0100;
inline constexpr std::uint16_t kRa = 0x0080;
inline constexpr std::uint16_t kAd = 0x0020;
inline constexpr std::uint16_t kCd = 0x0010;
}  // namespace flag

// Why a message is not a query we can look at.
struct Refusal {
  // Nothing is sent back: a response, or too short to have a header.
  bool drop = false;
  Rcode rcode = Rcode::kFormErr;
};

Result<Query, Refusal> decode_query(std::span<const std::uint8_t> message);

// A record of a message.  `rdata` points into the message, where names in it
// may be compressed.
struct MessageRecord {
  MessageRecord() {}  // as Query's

  Name owner;
  RrType type{};
  std::uint16_t rr_class = 0;
  std::uint32_t ttl = 0;
  std::size_t offset = 0;      // of the record, from the message's start
  std::size_t ttl_offset = 0;  // likewise
  std::span<const std::uint8_t> rdata;
};

// Walks the records of a message.  Each call returns the next one; nothing
// at the end or where the message is malformed.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::uint8_t> message)
      : message_(message) {}

  // Header fields.  REQUIRES: at least kHeaderSize octets.
  std::uint16_t id() const { return load16(0); }
  std::uint16_t flags() const { return load16(2); }
  Opcode opcode() const { return Opcode(flags() >> 11 & 0xF); }
  Rcode rcode() const { return Rcode(flags() & 0xF); }
  std::uint16_t question_count() const { return load16(4); }
  std::uint16_t answer_count() const { return load16(6); }
  std::uint16_t authority_count() const { return load16(8); }
  std::uint16_t additional_count() const { return load16(10); }

  std::optional<Question> question();
  // Into a place of the caller's; false in place of nothing.
  bool read_question(Question& question);
  std::optional<MessageRecord> record();
  std::size_t position() const { return position_; }
  bool at_end() const { return position_ == message_.size(); }

  // The name at `position`, which moves behind it; compression is undone.
  std::optional<Name> name(std::size_t& position) const;

 private:
  bool read_name(std::size_t& position, Name& name) const;
  std::uint16_t load16(std::size_t at) const {
    return static_cast<std::uint16_t>(message_[at] << 8 | message_[at + 1]);
  }
  bool has(std::size_t octets) const {
    return message_.size() - position_ >= octets;
  }

  std::span<const std::uint8_t> message_;
  std::size_t position_ = kHeaderSize;
};

}  // namespace canopy
