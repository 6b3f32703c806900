// A query as we send it to an upstream, in our own octets, and the check that a
// message answers it.  Values; no threads.
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
// which a spoofer must guess too ("0x20", draft-vixie-dnsext-dns0x20).  The
// bits repeat after 64 octets.  Zero: the client's case.
using CaseBits = std::uint64_t;

// Holds a header, a question and an OPT record, which are never longer.
class QuestionMessage {
 public:
  // Sets RD, and DO and CD as in the query.  Sets AD too, so that one answer
  // serves clients that understand AD and clients that do not (RFC 6840 5.7).
  // The OPT record offers 1,232 octets (RFC 6891).
  QuestionMessage(const ForwardQuestion& question, std::uint16_t id,
                  WithEdns edns, CaseBits case_bits);

  std::span<const std::uint8_t> octets() const { return {&octets_[0], size_}; }

 private:
  std::array<std::uint8_t, 12 + kMaxNameSize + 4 + 11> octets_;
  std::size_t size_;
};

// True for a response to opcode QUERY that repeats the question, in any case.
bool is_answer_to(const ForwardQuestion& question,
                  std::span<const std::uint8_t> message);

// True for an error without the question.  A server sends such a bare header
// when it cannot parse the query or refuses it.  The rcode is not 0, and the
// counts of questions, answers and authority records are 0.
bool is_bare_error(std::span<const std::uint8_t> message);

// Makes a response that repeats the question and has no records, in place of a
// message that cannot be passed on.  `flags` is TC or 0.
Octets response_without_records(const ForwardQuestion& question, Rcode rcode,
                                std::uint16_t flags);

// Compares the case of each octet.  REQUIRES: is_answer_to().
bool has_case_bits(const ForwardQuestion& question, CaseBits case_bits,
                   std::span<const std::uint8_t> message);

// REQUIRES: `message` has a whole header.
Rcode rcode_of(std::span<const std::uint8_t> message);

}  // namespace canopy
