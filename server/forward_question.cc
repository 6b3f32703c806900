#include "server/forward_question.h"

#include <algorithm>
#include <bit>

namespace canopy {
namespace {

constexpr std::size_t kHeaderSize = 12;
constexpr std::uint16_t kUdpSize = 1232;

enum Flags : std::uint16_t {
  kResponse = 0x8000,
  kOpcodeMask = 0x7800,
  kRecursionDesired = 0x0100,
  kAuthenticData = 0x0020,
  kCheckingDisabled = 0x0010,
  kDnssecOk = 0x8000,  // of the OPT record's flags
};

void put16(Octets& message, std::uint16_t value) {
  message.push_back(static_cast<std::uint8_t>(value >> 8));
  message.push_back(static_cast<std::uint8_t>(value));
}

std::uint16_t get16(std::span<const std::uint8_t> message, std::size_t at) {
  return static_cast<std::uint16_t>(message[at] << 8 | message[at + 1]);
}

// Gives the letters of a name their case, one after the other.  A length octet
// is no letter: it is below 64.
class LetterCase {
 public:
  explicit LetterCase(Spelling spelling)
      : is_random_(spelling != 0), bits_(spelling) {}

  std::uint8_t spell(std::uint8_t octet) {
    constexpr std::uint8_t kCaseBit = 0x20;
    if (!is_random_) return octet;
    const std::uint8_t lower = octet | kCaseBit;
    if (lower < 'a' || lower > 'z') return octet;
    // Beyond 64 letters they repeat: there is enough to guess.
    bits_ = std::rotl(bits_, 1);
    return (bits_ & 1) != 0 ? lower : lower & ~kCaseBit;
  }

 private:
  bool is_random_;
  std::uint64_t bits_;
};

}  // namespace

ForwardQuestion::ForwardQuestion(const Query& query)
    : qname(query.qname),
      qtype(query.qtype),
      qclass(query.qclass),
      dnssec_ok(query.dnssec_ok()),
      checking_disabled(query.checking_disabled) {}

std::string ForwardQuestion::key() const {
  std::string key;
  key.reserve(qname.size() + 5);
  for (const std::uint8_t octet : qname.wire()) {
    key.push_back(static_cast<char>(fold(octet)));
  }
  const auto type = static_cast<std::uint16_t>(qtype);
  const auto klass = static_cast<std::uint16_t>(qclass);
  for (const int octet :
       {type >> 8, type & 255, klass >> 8, klass & 255,
        dnssec_ok << 1 | static_cast<int>(checking_disabled)}) {
    key.push_back(static_cast<char>(octet));
  }
  return key;
}

Octets question_message(const ForwardQuestion& question, std::uint16_t id,
                        WithEdns edns, Spelling spelling) {
  Octets message;
  message.reserve(kHeaderSize + question.qname.size() + 4 + 11);
  std::uint16_t flags = kRecursionDesired | kAuthenticData;
  if (question.checking_disabled) flags |= kCheckingDisabled;
  put16(message, id);
  put16(message, flags);
  put16(message, 1);  // question
  put16(message, 0);
  put16(message, 0);
  put16(message, edns == WithEdns::kYes ? 1 : 0);
  const auto wire = question.qname.wire();
  LetterCase letters(spelling);
  for (const std::uint8_t octet : wire) message.push_back(letters.spell(octet));
  put16(message, static_cast<std::uint16_t>(question.qtype));
  put16(message, static_cast<std::uint16_t>(question.qclass));
  if (edns == WithEdns::kNo) return message;
  message.push_back(0);  // the root
  put16(message, static_cast<std::uint16_t>(RrType::kOpt));
  put16(message, kUdpSize);
  put16(message, 0);  // extended rcode, version
  put16(message, question.dnssec_ok ? kDnssecOk : 0);
  put16(message, 0);  // no options
  return message;
}

bool is_answer_to(const ForwardQuestion& question,
                  std::span<const std::uint8_t> message) {
  const auto wire = question.qname.wire();
  if (message.size() < kHeaderSize + wire.size() + 4) return false;
  const std::uint16_t flags = get16(message, 2);
  if ((flags & kResponse) == 0 || (flags & kOpcodeMask) != 0) return false;
  if (get16(message, 4) != 1) return false;
  // Octet by octet: a length octet is below 64 and has no other case.
  for (std::size_t i = 0; i < wire.size(); ++i) {
    if (fold(message[kHeaderSize + i]) != fold(wire[i])) return false;
  }
  const std::size_t end = kHeaderSize + wire.size();
  return get16(message, end) == static_cast<std::uint16_t>(question.qtype) &&
         get16(message, end + 2) == static_cast<std::uint16_t>(question.qclass);
}

bool is_spelled(const ForwardQuestion& question, Spelling spelling,
                std::span<const std::uint8_t> message) {
  LetterCase letters(spelling);
  std::size_t at = kHeaderSize;
  for (const std::uint8_t octet : question.qname.wire()) {
    if (message[at++] != letters.spell(octet)) return false;
  }
  return true;
}

void spell_as_asked(const ForwardQuestion& question, Octets& message,
                    Names names) {
  const auto wire = question.qname.wire();
  const auto question_begin = message.begin() + kHeaderSize;
  const auto end = static_cast<std::ptrdiff_t>(wire.size());
  const Octets sent(question_begin, question_begin + end);
  std::copy(wire.begin(), wire.end(), question_begin);
  if (names == Names::kAsSent) return;
  // The name, then what is left of it without its first label, and so on: none
  // shorter than a top level domain, of which chance makes no copies.
  for (std::ptrdiff_t i = 0; end - i >= 4; i += sent[std::size_t(i)] + 1) {
    auto at = question_begin + end;
    while (true) {
      at = std::search(at, message.end(), sent.begin() + i, sent.end());
      if (at == message.end()) break;
      at = std::copy(wire.begin() + i, wire.end(), at);
    }
  }
}

Rcode rcode_of(std::span<const std::uint8_t> message) {
  return static_cast<Rcode>(message[3] & 0x0f);
}

}  // namespace canopy
