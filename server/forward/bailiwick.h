// Chooses the records of an upstream's message that belong to the answer: the
// chain of CNAMEs that starts at the query's name, and the records at its end
// (RFC 2181 5.4.1, RFC 5452 6).  Puts them in the order of the chain (RFC 1034
// 3.6.2), because some clients read them from front to back.  All other records
// are dropped, because the owner of the query's name may have added records for
// foreign names.  Values; no threads.
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
// constants below limit how many records are kept; further ones are dropped.
class Bailiwick {
 public:
  static constexpr std::size_t kLongestChain = 32;  // names
  static constexpr std::size_t kMostLinks = 64;     // CNAMEs examined
  static constexpr std::size_t kMostDnames = 8;     // DNAMEs examined
  // RRsets of the authority section that are compared with the chain.
  static constexpr std::size_t kMostAuthority = 8;

  // REQUIRES: a MessageIndex made `answer`.
  Bailiwick(const Query& asked, const EncodedAnswer& answer);

  // True when the answer section can be sent unchanged and the other sections
  // are left out.  The answer section then holds only records of the query's
  // name and type whose rdata has no names, or no records at all.
  bool is_simple() const { return is_simple_; }
  // False when the answer section has records but none for the query's name, or
  // when decoding its names takes more work than its size allows.
  bool holds_any() const { return holds_any_; }
  // True when a record of the query's type is there, not only CNAMEs.
  bool has_answer() const { return has_answer_; }
  // The RRsets to send, in order.  Empty if is_simple().  DNSSEC types are
  // included only for a query with DO or for their own type (RFC 4035 3.2.1).
  // RRsets of the authority section are included only with a negative answer or
  // for DO: the SOA and NS of a zone that contains a name of the chain, and for
  // DO the proofs.
  std::span<const RrsetSpan> held() const { return held_; }

 private:
  // A name with its hash.  Hashes are compared first, because most names
  // differ.
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
  // A DNAME's owner, and the index of the first name of the chain below it.
  struct Dname {
    HashedName owner;
    std::size_t link;
  };
  // An RRset of the answer section with its place in the order.  Each name of
  // the chain has four places: DNAME, its signature, records, their signatures.
  struct Ranked {
    RrsetSpan rrset;
    std::size_t place;
  };

  bool looks_simple(const EncodedAnswer& answer) const;
  // These three return false when decoding a name takes more work than the
  // message's size allows.
  bool follow(const EncodedAnswer& answer);
  bool judge_answer(const EncodedAnswer& answer);
  bool judge_authority(const EncodedAnswer& answer);
  void link(const std::vector<Link>& links);
  void place_dnames(std::vector<HashedName> owners);
  // Nothing when the RRset does not belong to the chain.
  std::optional<std::size_t> place_of(RrType type,
                                      const HashedName& owner) const;
  bool wants_signatures() const;
  // The index of `owner` in the chain; chain_.size() when it is not there.
  std::size_t link_of(const HashedName& owner) const;
  // The index of the first name of the chain that equals `owner` or is below
  // it; chain_.size() when there is none.
  std::size_t link_below(const Name& owner) const;

  const Query& asked_;
  std::vector<HashedName> chain_;  // starts with the query's name
  std::vector<Dname> dnames_;      // DNAMEs above the chain
  std::vector<RrsetSpan> held_;
  bool is_simple_ = false;
  bool holds_any_ = true;
  bool has_answer_ = false;
};

}  // namespace canopy
