// An upstream's message as an EncodedAnswer: checked from end to end, without
// its OPT record, and with the map of what a reply changes.  One a thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zones/case_swap.h"
#include "zones/encoded_answer.h"
#include "zones/rrset.h"

namespace canopy {

class MessageIndex {
 public:
  // Of a message's extended errors, and of the octets of each one's text.  What
  // is beyond is cut.
  static constexpr std::size_t kMostErrors = 3;
  static constexpr std::size_t kMostErrorText = 120;

  // False when the message is malformed, or an extended rcode says that its
  // EDNS was at fault.  Of the flags TC and AD are kept, QR and RA set, as it
  // is in the mouth of whoever forwards it.  TTLs with the highest bit set
  // become 0.
  bool read(std::span<const std::uint8_t> message);

  // Borrows from this index until the next read.  No RRset holds an OPT, but
  // where one stands before other records its octets are there, so that names
  // can point across it: then the RRsets have a gap between them, and the
  // answer is good to be read by its RRsets, not to be sent.
  EncodedAnswer answer() const { return {message_, ttl_offsets_, rrsets_}; }
  // The extended errors of the OPT records (RFC 8914).
  std::span<const ExtendedError> errors() const { return errors_; }

  // Leaves out all RRsets but the first.  REQUIRES: that one is of the answer
  // section and stands right behind the question; or there is none.
  void keep_first_rrset();
  // Writes the question's name in this case; names that point to it follow.
  // REQUIRES: the name that the question has, but for case.
  void spell_question(NameView qname);

  Rcode rcode() const { return rcode_; }
  std::uint16_t flags() const { return flags_; }

 private:
  bool read_section(class MessageReader& reader,
                    std::span<const std::uint8_t> message, Section section,
                    unsigned count);
  void add(const struct MessageRecord& record, Section section,
           std::size_t end);
  bool goes_on(const struct MessageRecord& record, Section section) const;
  void read_errors(std::span<const std::uint8_t> options);
  bool spells_owner_alike(const struct MessageRecord& record,
                          const RrsetSpan& rrset) const;

  std::vector<std::uint8_t> message_;
  std::vector<std::uint16_t> ttl_offsets_;
  std::vector<RrsetSpan> rrsets_;
  Rcode rcode_ = Rcode::kNoError;
  std::uint16_t flags_ = 0;
  std::vector<ExtendedError> errors_;
  // Of the record before: does the next one belong to its RRset?
  Name last_owner_;
  RrType last_type_ = RrType::kName;
};

// True when an address has its size and names stand where they belong, in all
// types that zones/rdata_names.h knows.
// `message` is the reader's.
bool rdata_is_whole(class MessageReader& reader,
                    const struct MessageRecord& record,
                    std::span<const std::uint8_t> message);
// The record's rdata with compression undone and names spelled by `case_swap`,
// or nothing if it is malformed.
std::optional<Octets> expanded_rdata(class MessageReader& reader,
                                     const struct MessageRecord& record,
                                     std::span<const std::uint8_t> message,
                                     const CaseSwap& case_swap = {});

}  // namespace canopy
