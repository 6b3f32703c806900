// DNS messages from the network, read with distrust (RFC 1035 4.1, RFC 6891).
// Every length is checked, and all work is bounded by the message's size
// (kStepsPerOctet).  No allocation, no exceptions.
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

// What it takes to read names (RFC 1035 4.1.4) is bounded twice.  No name is
// made of more pieces than kMostPointers: of one label each they still spell
// any IPv6 address's reverse name.  And all names of a message take no more
// steps (a step reads a label or follows a pointer) than kStepsPerOctet for
// each of its octets, and kFreeSteps besides: twice what a full message of
// small records takes whose names have ten labels.  Behind these bounds the
// message is malformed.
inline constexpr int kMostPointers = 64;
inline constexpr std::size_t kStepsPerOctet = 2;
inline constexpr std::size_t kFreeSteps = 512;

// Why a message is not a query we can look at.
struct Refusal {
  // Nothing is sent back: a response, or too short to have a header.
  bool drop = false;
  Rcode rcode = Rcode::kFormErr;
};

// Reads the question and an OPT record; looks at no other name.  A query with
// more than a few records or EDNS options is refused, so this takes no longer
// for a large message than for a small one.
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
      : message_(message),
        steps_left_(kFreeSteps + kStepsPerOctet * message.size()) {}

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

  // A record whose owner was not read.
  struct SkippedRecord {
    bool owner_is_root;
    RrType type;
    std::uint16_t rr_class;
    std::uint32_t ttl;
    std::span<const std::uint8_t> rdata;
  };
  // `labels` is how many the owner may have before a pointer or its end; goes
  // down by what it has.  A pointer must lead back, and is not followed.
  std::optional<SkippedRecord> skip_record(std::size_t& labels);

  std::size_t position() const { return position_; }
  // The next record is read at `position`.  REQUIRES: within the message.
  void seek(std::size_t position) { position_ = position; }
  bool at_end() const { return position_ == message_.size(); }

  // The name at `position`, which moves behind it; compression is undone.
  std::optional<Name> name(std::size_t& position);

 private:
  bool read_name(std::size_t& position, Name& name);
  bool skip_name(std::size_t& labels);
  std::size_t pointer_at(std::size_t at) const { return load16(at) & 0x3FFF; }
  // To a name before the one that starts at `start`.
  static bool leads_back(std::size_t target, std::size_t start) {
    return target >= kHeaderSize && target < start;
  }
  std::uint16_t load16(std::size_t at) const {
    return static_cast<std::uint16_t>(message_[at] << 8 | message_[at + 1]);
  }
  std::uint32_t load32(std::size_t at) const {
    return static_cast<std::uint32_t>(load16(at)) << 16 | load16(at + 2);
  }
  bool has(std::size_t octets) const {
    return message_.size() - position_ >= octets;
  }

  std::span<const std::uint8_t> message_;
  std::size_t position_ = kHeaderSize;
  std::size_t steps_left_;  // for all names
};

}  // namespace canopy
