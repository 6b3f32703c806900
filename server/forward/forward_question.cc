#include "server/forward/forward_question.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "zones/message_reader.h"
#include "zones/octets.h"

namespace canopy {
namespace {

constexpr std::uint16_t kUdpSize = 1232;

enum Flags : std::uint16_t {
  kResponse = 0x8000,
  kOpcodeMask = 0x7800,
  kRecursionDesired = 0x0100,
  kRecursionAvailable = 0x0080,
  kAuthenticData = 0x0020,
  kCheckingDisabled = 0x0010,
  kDnssecOk = 0x8000,  // in the OPT record's flags
};

std::uint8_t* put16(std::uint8_t* at, std::size_t value) {
  store16({at, 2}, 0, value);
  return at + 2;
}

std::string_view text_of(std::span<const std::uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

constexpr std::uint64_t kOnes = 0x0101010101010101;

// Returns 0x20 in each octet that is a letter.  Length octets are below 64, so
// they are no letters.
std::uint64_t case_bits_of_letters(std::uint64_t octets) {
  const std::uint64_t lower = (octets | 0x20 * kOnes) & 0x7F * kOnes;
  const std::uint64_t above_z = lower + (0x7F - 'z') * kOnes;
  const std::uint64_t from_a = lower + (0x80 - 'a') * kOnes;
  return (~octets & (from_a ^ above_z) & 0x80 * kOnes) >> 2;
}

// Returns 0x20 in one octet for each bit that is set.
std::uint64_t spread(std::uint64_t eight_bits) {
  const std::uint64_t own_bits =
      (eight_bits & 0xFF) * kOnes & 0x8040201008040201;
  return ((own_bits + 0x7F * kOnes) & 0x80 * kOnes) >> 2;
}

// Applies the case bits to the letters of a name, eight octets at a time.
void write_name(std::span<const std::uint8_t> name, CaseBits case_bits,
                std::uint8_t* to) {
  if (case_bits == 0) {
    std::memcpy(to, name.data(), name.size());
    return;
  }
  for (std::size_t at = 0; at < name.size(); at += 8) {
    const std::size_t count = std::min<std::size_t>(8, name.size() - at);
    std::uint64_t octets = 0;
    std::memcpy(&octets, name.data() + at, count);
    const std::uint64_t letters = case_bits_of_letters(octets);
    octets = (octets & ~letters) | (letters & spread(case_bits >> at % 64));
    std::memcpy(to + at, &octets, count);
  }
}

}  // namespace

ForwardQuestion::ForwardQuestion(const Query& query)
    : Question(query),
      dnssec_ok(query.dnssec_ok()),
      checking_disabled(query.checking_disabled) {}

QuestionMessage::QuestionMessage(const ForwardQuestion& question,
                                 std::uint16_t id, WithEdns edns,
                                 CaseBits case_bits) {
  std::uint16_t flags = kRecursionDesired | kAuthenticData;
  if (question.checking_disabled) flags |= kCheckingDisabled;
  std::uint8_t* at = put16(&octets_[0], id);
  at = put16(at, flags);
  at = put16(at, 1);  // question
  at = put16(at, 0);
  at = put16(at, 0);
  at = put16(at, edns == WithEdns::kYes ? 1 : 0);
  write_name(question.qname.wire(), case_bits, at);
  at = put16(at + question.qname.size(),
             static_cast<std::uint16_t>(question.qtype));
  at = put16(at, static_cast<std::uint16_t>(question.qclass));
  if (edns == WithEdns::kYes) {
    *at++ = 0;  // the root
    at = put16(at, static_cast<std::uint16_t>(RrType::kOpt));
    at = put16(at, kUdpSize);
    at = put16(at, 0);  // extended rcode, version
    at = put16(at, question.dnssec_ok ? kDnssecOk : 0);
    at = put16(at, 0);  // no options
  }
  size_ = static_cast<std::size_t>(at - &octets_[0]);
}

bool is_answer_to(const ForwardQuestion& question,
                  std::span<const std::uint8_t> message) {
  const auto wire = question.qname.wire();
  if (message.size() < kHeaderSize + wire.size() + 4) return false;
  const std::uint16_t flags = load16(message, 2);
  if ((flags & kResponse) == 0 || (flags & kOpcodeMask) != 0) return false;
  if (load16(message, 4) != 1) return false;
  // Comparing length octets without case is safe: they are below 64.
  if (!equal_folded(text_of(message.subspan(kHeaderSize, wire.size())),
                    text_of(wire))) {
    return false;
  }
  const std::size_t end = kHeaderSize + wire.size();
  return load16(message, end) == static_cast<std::uint16_t>(question.qtype) &&
         load16(message, end + 2) ==
             static_cast<std::uint16_t>(question.qclass);
}

bool is_bare_error(std::span<const std::uint8_t> message) {
  if (message.size() < kHeaderSize) return false;
  const std::uint16_t flags = load16(message, 2);
  return (flags & kResponse) != 0 && (flags & kOpcodeMask) == 0 &&
         rcode_of(message) != Rcode::kNoError && load16(message, 4) == 0 &&
         load16(message, 6) == 0 && load16(message, 8) == 0;
}

Octets response_without_records(const ForwardQuestion& question, Rcode rcode,
                                std::uint16_t flags) {
  const QuestionMessage asked(question, 0, WithEdns::kNo, 0);
  Octets message(asked.octets().begin(), asked.octets().end());
  store16(message, 2,
          kResponse | kRecursionDesired | kRecursionAvailable | flags |
              static_cast<std::uint16_t>(rcode));
  return message;
}

bool has_case_bits(const ForwardQuestion& question, CaseBits case_bits,
                   std::span<const std::uint8_t> message) {
  const auto wire = question.qname.wire();
  std::array<std::uint8_t, kMaxNameSize> in_case;
  write_name(wire, case_bits, &in_case[0]);
  return std::memcmp(&in_case[0], message.data() + kHeaderSize, wire.size()) ==
         0;
}

Rcode rcode_of(std::span<const std::uint8_t> message) {
  return static_cast<Rcode>(message[3] & 0x0f);
}

}  // namespace canopy
