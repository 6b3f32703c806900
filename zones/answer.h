// A zone's answer to a query, before encoding.  Built first, encoded once
// (zones/message_writer.h).
//
// An Answer borrows.  Owners and rdata point into the query, into the ZoneSet
// that the answer was made from, or into the answer itself.  The query and the
// ZoneSet must outlive the answer.
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

// RFC 8914: a human-readable reason why an answer failed or is stale.
struct ExtendedError {
  InfoCode code = InfoCode::kOther;
  std::string text;
  // Extended errors from an upstream, sent after this one.  `theirs` is empty
  // in each of them.
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

  // The rdata of a computed address, which no zone stores.
  using Scratch = std::vector<std::uint8_t>;

  Rcode rcode = Rcode::kNoError;
  bool authoritative = false;
  bool recursion_available = false;
  // The message size, in octets, that the reply's records must fit into: the
  // client's limit less the other parts of the reply.  Set before the lookup.
  // `room` never shortens an RRset that always_fits(), because the cache keeps
  // the answer for every client.
  std::size_t room = 65'535;
  // The record sets in the order of their sections.
  std::vector<Entry> entries;
  // The SOA of the authority section if the section holds nothing else, else
  // null.
  const EncodedSoa* encoded_soa = nullptr;
  // True when the last name of the CNAME chain has records of its own.
  bool name_has_data = false;
  // The name at which the CNAME chain left the zone; null if it did not.
  const std::uint8_t* unfinished = nullptr;
  // The number of links of the CNAME chain so far; they are the first entries.
  // Link n leads to names[n].
  int chain_length = 0;
  // True when the last link leads back to a name of the chain.
  bool is_loop = false;
  Scratch scratch;
  // Owner names that the ZoneSet does not hold in one piece.
  std::deque<Name> names;

  Answer() = default;
  Answer(const Answer&) = delete;  // entries may point into it
  Answer& operator=(const Answer&) = delete;

  NameView keep(NameView name) { return names.emplace_back(name); }

  // Cuts the chain after its first `links` CNAMEs, because the zone does not
  // answer for the name that they lead to.  REQUIRES: 0 < links <=
  // chain_length.
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

  // Resets the answer for the next question and keeps the allocated memory.
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

// The most CNAMEs that are followed (RFC 6604, RFC 1034 3.6.2).
inline constexpr int kMaxChainLength = 8;

}  // namespace canopy
