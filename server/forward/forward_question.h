// A question as we ask it of an upstream, in our own octets, and the check
// that a message answers it.  Values; no threads.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "zones/query.h"
#include "zones/rrset.h"

namespace canopy {

struct ForwardQuestion : Question {
  ForwardQuestion() = default;
  explicit ForwardQuestion(const Query& query);

  bool dnssec_ok = false;
  bool checking_disabled = false;
};

enum class WithEdns : std::uint8_t { kYes, kNo };

// The case of a name's letters in one attempt: a random bit for each octet,
// which a forger must guess too ("0x20", draft-vixie-dnsext-dns0x20).  Beyond
// 64 octets the bits come again.  Zero: the client's case.
using CaseBits = std::uint64_t;

// Header, question, OPT: it is never longer.
class QuestionMessage {
 public:
  // RD set, DO and CD as asked; AD too, so that one answer serves those who
  // know it and those who do not (RFC 6840 5.7); an OPT of 1,232 octets (RFC
  // 6891).
  QuestionMessage(const ForwardQuestion& question, std::uint16_t id,
                  WithEdns edns, CaseBits case_bits);

  std::span<const std::uint8_t> octets() const { return {&octets_[0], size_}; }

 private:
  std::array<std::uint8_t, 12 + kMaxNameSize + 4 + 11> octets_;
  std::size_t size_;
};

// A response to QUERY that repeats the question, in any case.
bool is_answer_to(const ForwardQuestion& question,
                  std::span<const std::uint8_t> message);

// An error that does not repeat the question, a header alone: what a server
// sends that cannot parse it, or does not want to (rcode other than 0; no
// question, answer or authority).
bool is_bare_error(std::span<const std::uint8_t> message);

// A response that repeats the question and has no records: in place of one
// that cannot be handed on as it came.  `flags`: TC or none.
Octets response_without_records(const ForwardQuestion& question, Rcode rcode,
                                std::uint16_t flags);

// The same case, octet by octet.  REQUIRES: is_answer_to().
bool has_case_bits(const ForwardQuestion& question, CaseBits case_bits,
                   std::span<const std::uint8_t> message);

// REQUIRES: a whole header.
Rcode rcode_of(std::span<const std::uint8_t> message);

}  // namespace canopy
