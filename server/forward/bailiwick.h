// Which records of an upstream's message were asked for: the chain of CNAMEs
// from the question's name and what stands at its end (RFC 2181 5.4.1, RFC 5452
// 6), in the order of that chain (RFC 1034 3.6.2: some clients read it from
// front to back).  Anything else may have been put there by whoever owns the
// name, about names that are not theirs.  Values; no threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zones/encoded_answer.h"
#include "zones/message_reader.h"
#include "zones/query.h"

namespace canopy {

// Walks the RRsets of the answer section twice, for the CNAMEs and then for the
// records of their chain, and those of the authority section once.  The
// constants below bound the records it keeps; further ones are dropped.
class Bailiwick {
 public:
  static constexpr std::size_t kLongestChain = 32;  // names
  static constexpr std::size_t kMostLinks = 64;     // CNAMEs looked at
  static constexpr std::size_t kMostDnames = 8;     // likewise
  // RRsets of the authority section that are held against the chain.
  static constexpr std::size_t kMostAuthority = 8;

  // REQUIRES: a message that a MessageIndex made.
  Bailiwick(const Query& asked, const EncodedAnswer& answer);

  // The answer section can be sent as it stands, without the other sections:
  // records of the name and type asked for, whose names need no second look; or
  // there is no record at all.
  bool is_simple() const { return is_simple_; }
  // False: nothing in the answer section is about the name asked for, although
  // there are records; or its names take more work than its size allows.
  bool holds_any() const { return holds_any_; }
  // A record of the type asked for is there: not only CNAMEs, or nothing.
  bool has_answer() const { return has_answer_; }
  // Unless is_simple(): the RRsets to be sent, in their order.  DNSSEC's own
  // only for a query with DO or for their type (RFC 4035 3.2.1).  The authority
  // section's only beside a negative answer or for DO: the SOA and NS of a zone
  // that a name of the chain is in, and for DO the proofs.
  std::span<const RrsetSpan> held() const { return held_; }

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
  // A DNAME's owner, and the first name of the chain that is below it.
  struct Dname {
    HashedName owner;
    std::size_t link;
  };
  // An RRset of the answer section.  `place` is 4 for each name of the chain
  // before, and within one: DNAME, its signature, records, their signatures.
  struct Ranked {
    RrsetSpan rrset;
    std::size_t place;
  };

  bool looks_simple(const EncodedAnswer& answer) const;
  // False when a name takes more work than the message's size allows; so the
  // next two.
  bool follow(const EncodedAnswer& answer);
  bool judge_answer(const EncodedAnswer& answer);
  bool judge_authority(const EncodedAnswer& answer);
  void link(const std::vector<Link>& links);
  void place_dnames(std::vector<HashedName> owners);
  // Nothing when the RRset is not of the chain.
  std::optional<std::size_t> place_of(RrType type,
                                      const HashedName& owner) const;
  bool wants_signatures() const;
  // The place in the chain; chain_.size() when it is not there.
  std::size_t link_of(const HashedName& owner) const;
  // Of the first name of the chain that is `owner` or below it; likewise.
  std::size_t link_below(const Name& owner) const;

  const Query& asked_;
  std::vector<HashedName> chain_;  // from the name asked for on
  std::vector<Dname> dnames_;      // those above the chain
  std::vector<RrsetSpan> held_;
  bool is_simple_ = false;
  bool holds_any_ = true;
  bool has_answer_ = false;
};

}  // namespace canopy
