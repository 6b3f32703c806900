// Reads untrusted DNS messages from the network (RFC 1035 4.1, RFC 6891).
// Every length is checked, and all work is bounded by the message's size
// (kStepsPerOctet).  No allocation, no exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "zones/name.h"
#include "zones/octets.h"
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

// The work of reading names (RFC 1035 4.1.4) has two bounds.  First, a name
// follows at most kMostPointers pointers; the reverse name of any IPv6 address
// fits even if each label needs a pointer.  Second, a step reads a label or
// follows a pointer, and all names of a message together take at most
// kStepsPerOctet steps per octet of the message plus kFreeSteps.  This is twice
// the need of a full message of small records whose names have ten labels.  A
// message that exceeds a bound is malformed.
inline constexpr int kMostPointers = 64;
inline constexpr std::size_t kStepsPerOctet = 2;
inline constexpr std::size_t kFreeSteps = 512;

// Why a message is not a valid query.
struct Refusal {
  // True when no reply is sent: the message is a response, or is too short to
  // have a header.
  bool drop = false;
  Rcode rcode = Rcode::kFormErr;
};

// Reads the question and the OPT record; follows no other name.  A query with
// more than a few records or EDNS options is refused.  Therefore a large
// message takes no longer than a small one.
Result<Query, Refusal> decode_query(std::span<const std::uint8_t> message);

// A record of a message.  `rdata` points into the message; names in it may be
// compressed.
struct MessageRecord {
  MessageRecord() {}  // leaves the name's octets unset, as Question()

  Name owner;
  RrType type{};
  std::uint16_t rr_class = 0;
  std::uint32_t ttl = 0;
  std::size_t offset = 0;      // of the record, from the message's start
  std::size_t ttl_offset = 0;  // likewise
  std::span<const std::uint8_t> rdata;
};

// Reads the records of a message one after another.  Each call returns the next
// record, or nothing at the end and where the message is malformed.
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
  // As question(), but writes into `question`.  False when question() would
  // return nothing.
  bool read_question(Question& question);
  std::optional<MessageRecord> record();

  // A record whose owner name was skipped, not read.
  struct SkippedRecord {
    bool owner_is_root;
    RrType type;
    std::uint16_t rr_class;
    std::uint32_t ttl;
    std::span<const std::uint8_t> rdata;
  };
  // Skips the owner, which may have at most `labels` labels before its end or
  // its pointer; subtracts their number from `labels`.  A pointer must point
  // backwards, and is not followed.
  std::optional<SkippedRecord> skip_record(std::size_t& labels);

  std::size_t position() const { return position_; }
  // Moves to `position`; the next record is read from there.  REQUIRES:
  // `position` is within the message.
  void seek(std::size_t position) { position_ = position; }
  bool at_end() const { return position_ == message_.size(); }

  // Returns the name at `position`, uncompressed, and moves `position` past it.
  std::optional<Name> name(std::size_t& position);

 private:
  bool read_name(std::size_t& position, Name& name);
  bool skip_name(std::size_t& labels);
  std::size_t pointer_at(std::size_t at) const { return load16(at) & 0x3FFF; }
  // True when `target` lies before the name that starts at `start`.
  static bool leads_back(std::size_t target, std::size_t start) {
    return target >= kHeaderSize && target < start;
  }
  std::uint16_t load16(std::size_t at) const {
    return canopy::load16(message_, at);
  }
  std::uint32_t load32(std::size_t at) const {
    return canopy::load32(message_, at);
  }
  bool has(std::size_t octets) const {
    return message_.size() - position_ >= octets;
  }

  std::span<const std::uint8_t> message_;
  std::size_t position_ = kHeaderSize;
  std::size_t steps_left_;  // for all names together
};

}  // namespace canopy
