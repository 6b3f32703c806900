// A zone's answer to a query, before encoding.  Built first, encoded once
// (zones/message_writer.h).
//
// It borrows: owners and rdata point into the query and the ZoneSet it was made
// from, which must outlive it, or into itself.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "zones/encoded_soa.h"
#include "zones/name.h"
#include "zones/rr_types.h"
#include "zones/rrset_view.h"

namespace canopy {

// RFC 8914: why an answer failed or is stale, for people.
struct ExtendedError {
  InfoCode code = InfoCode::kOther;
  std::string text;
  // Extended errors from an upstream, sent after this one.  Their own `theirs`
  // are empty.
  std::vector<ExtendedError> theirs{};
  // False: `code` and `text` are not set; only `theirs` are sent.
  bool is_ours = true;
};

enum class Section : std::uint8_t { kAnswer, kAuthority, kAdditional };

struct Answer {
  struct Entry {
    Section section;
    NameView owner;
    RrsetView rrset;
  };

  // Octets of a record that no zone stores: a computed address.
  using Scratch = std::vector<std::uint8_t>;

  Rcode rcode = Rcode::kNoError;
  bool authoritative = false;
  bool recursion_available = false;
  // Octets that the reply's records may end at: what is left of the client's
  // limit.  Set before the lookup.  Of an RRset that always fits nothing is
  // left out, so that the answer can be kept for every client.
  std::size_t room = 65'535;
  // The record sets in the order of their sections.
  std::vector<Entry> entries;
  // The SOA in the authority section, when that is all it holds.
  const EncodedSoa* encoded_soa = nullptr;
  // False when the last name of the chain holds no records of its own.
  bool name_has_data = false;
  // A CNAME chain left the zone here; null when it did not.
  const std::uint8_t* unfinished = nullptr;
  // Links of the CNAME chain so far: the first entries.  The name that link n
  // leads to is names[n].
  int chain_length = 0;
  // The last link leads back to the owner of one.
  bool is_loop = false;
  Scratch scratch;
  // Owners that the ZoneSet does not hold in one piece.
  std::deque<Name> names;

  Answer() = default;
  Answer(const Answer&) = delete;  // entries may point into it
  Answer& operator=(const Answer&) = delete;

  NameView keep(NameView name) { return names.emplace_back(name); }

  // Ends the chain behind its first `links` CNAMEs: the zone does not answer
  // for the name they lead to.  REQUIRES: 0 < links <= chain_length.
  void leave_after(int links) {
    const auto kept = static_cast<std::ptrdiff_t>(links);
    entries.erase(entries.begin() + kept, entries.end());
    rcode = Rcode::kNoError;
    name_has_data = false;
    encoded_soa = nullptr;
    is_loop = false;
    unfinished = names[static_cast<std::size_t>(links) - 1].view().data();
    chain_length = links;
  }

  // Ready for the next question, with the memory of the last.
  void clear() {
    rcode = Rcode::kNoError;
    authoritative = false;
    recursion_available = false;
    room = 65'535;
    name_has_data = false;
    entries.clear();
    encoded_soa = nullptr;
    unfinished = nullptr;
    chain_length = 0;
    is_loop = false;
    names.clear();
  }
};

// RFC 6604, RFC 1034 3.6.2: how far CNAMEs are followed.
inline constexpr int kMaxChainLength = 8;

}  // namespace canopy
