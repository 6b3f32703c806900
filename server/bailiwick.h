// Which records of an upstream's message were asked for: the chain of CNAMEs
// from the question's name and what stands at its end (RFC 2181 5.4.1, RFC 5452
// 6).  Anything else may have been put there by whoever owns the name, about
// names that are not theirs.  Values; no threads.
#pragma once

#include <cstdint>
#include <vector>

#include "zones/encoded_answer.h"
#include "zones/message_reader.h"
#include "zones/query.h"

namespace canopy {

// Walks the RRsets of the answer section twice: for the CNAMEs, then for what
// belongs to their chain.  What it keeps is bounded by the constants below;
// what is beyond them in one message is not held.
class Bailiwick {
 public:
  static constexpr std::size_t kLongestChain = 16;  // CNAMEs
  static constexpr std::size_t kMostLinks = 64;     // CNAMEs looked at
  static constexpr std::size_t kMostDnames = 8;     // likewise
  // RRsets of the authority section that are held against the chain.
  static constexpr std::size_t kMostAuthority = 8;

  // REQUIRES: a message that a MessageIndex made.
  Bailiwick(const Query& asked, const EncodedAnswer& answer);

  // All of the answer section belongs to the chain, and some of it answers.
  bool holds_all() const { return holds_all_; }
  // False: nothing in the answer section is about the name asked for, although
  // there are records; or its names take more work than its size allows.
  bool holds_any() const { return holds_any_; }
  // A record of the type asked for is there: not only CNAMEs, or nothing.
  bool has_answer() const { return has_answer_; }

  // REQUIRES: a record of the answer section of the message above.
  bool holds_answer(const MessageRecord& record) const;
  // All of the authority section, if any: the zone that a name of the chain is
  // in; proofs for those who asked for DNSSEC.  `answer` as above.
  bool holds_authority(const EncodedAnswer& answer) const;

 private:
  // Names are told apart by hash first: most of them differ.
  struct HashedName {
    explicit HashedName(const Name& of);
    friend bool operator==(const HashedName& a, const HashedName& b) {
      return a.hash == b.hash && a.name == b.name;
    }

    std::uint64_t hash;
    Name name;
  };
  struct Link {
    HashedName owner;
    HashedName target;
  };
  // Where an RRset of the answer section begins, and whether it is held.
  struct Verdict {
    std::uint16_t offset;
    bool holds;
  };

  bool is_simple(const EncodedAnswer& answer) const;
  // False when a name takes more work than the message's size allows.
  bool follow(const EncodedAnswer& answer);
  // False then, or when no RRset is held.
  bool judge(const EncodedAnswer& answer);
  void link(const std::vector<Link>& links);
  bool holds(RrType type, const HashedName& owner) const;
  bool is_in_chain(const HashedName& owner) const;
  bool is_above_chain(const Name& owner) const;

  const Query& asked_;
  std::vector<HashedName> chain_;   // from the name asked for on
  std::vector<HashedName> dnames_;  // owners of those above the chain
  std::vector<Verdict> verdicts_;   // none where all are held
  bool holds_all_ = true;
  bool holds_any_ = true;
  bool has_answer_ = false;
};

}  // namespace canopy
