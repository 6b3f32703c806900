// Which records of an upstream's message were asked for: the chain of CNAMEs
// from the question's name and what stands at its end (RFC 2181 5.4.1, RFC 5452
// 6).  Anything else may have been put there by whoever owns the name, about
// names that are not theirs.  Values; no threads.
#pragma once

#include <span>
#include <vector>

#include "zones/encoded_answer.h"
#include "zones/message_reader.h"
#include "zones/query.h"

namespace canopy {

class Bailiwick {
 public:
  // REQUIRES: a message that a MessageIndex made.
  Bailiwick(const Query& asked, const EncodedAnswer& answer);

  // All of the answer section belongs to the chain, and some of it answers.
  bool holds_all() const { return holds_all_; }
  // False: nothing in the answer section is about the name asked for, although
  // there are records.
  bool holds_any() const { return holds_any_; }
  // A record of the type asked for is there: not only CNAMEs, or nothing.
  bool has_answer() const { return has_answer_; }

  bool holds_answer(const MessageRecord& record) const;
  // Of the authority section: the zone that a name of the chain is in; proofs
  // for those who asked for DNSSEC.
  bool holds_authority(const MessageRecord& record) const;

 private:
  bool is_simple(const EncodedAnswer& answer) const;
  void judge(std::span<const std::uint8_t> message);
  void follow(std::span<const std::uint8_t> message);
  bool is_in_chain(const Name& owner) const;

  const Query& asked_;
  std::vector<Name> chain_;   // from the name asked for on
  std::vector<Name> dnames_;  // owners
  bool holds_all_ = true;
  bool holds_any_ = true;
  bool has_answer_ = false;
};

}  // namespace canopy
