// An upstream's message as an EncodedAnswer: fully checked, without its OPT
// record, and with a map of the parts that a reply changes.  One per thread.
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
  // The most extended errors of a message, and the most octets of the text of
  // each.  Further errors and octets are dropped.
  static constexpr std::size_t kMostErrors = 3;
  static constexpr std::size_t kMostErrorText = 120;

  // False when the message is malformed, or when its extended rcode reports an
  // EDNS error.  Keeps the flags TC and AD, clears AA, and sets QR and RA,
  // because the reply comes from a forwarder.  TTLs with the highest bit set
  // become 0.
  bool read(std::span<const std::uint8_t> message);

  // Borrows from this index until the next read.  No RRset contains an OPT.  If
  // an OPT stands before other records, its octets stay in the message so that
  // compression pointers across it stay valid.  The RRsets then have a gap
  // between them: the answer can be read by its RRsets, but must not be sent.
  EncodedAnswer answer() const { return {message_, ttl_offsets_, rrsets_}; }
  // The extended errors of the OPT records (RFC 8914).
  std::span<const ExtendedError> errors() const { return errors_; }

  // Removes all RRsets but the first.  REQUIRES: the first RRset is in the
  // answer section and directly follows the question; or there is none.
  void keep_first_rrset();
  // Writes the question's name in the case of `qname`.  Names that point to the
  // question get the same case.  REQUIRES: `qname` equals the question's name
  // but for case.
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
  // Owner and type of the previous record, to tell whether the next record
  // belongs to its RRset.
  Name last_owner_;
  RrType last_type_ = RrType::kName;
};

// True when an address has the right size, and when names are at their places
// in all types that zones/rdata_names.h knows.  `message` is the reader's
// message.
bool rdata_is_whole(class MessageReader& reader,
                    const struct MessageRecord& record,
                    std::span<const std::uint8_t> message);
// The record's rdata without compression and with the case of `case_swap`;
// nothing if the rdata is malformed.
std::optional<Octets> expanded_rdata(class MessageReader& reader,
                                     const struct MessageRecord& record,
                                     std::span<const std::uint8_t> message,
                                     const CaseSwap& case_swap = {});

}  // namespace canopy
