// Writes answers as octets.  Names are compressed with at most eight pointers
// each (RFC 1035 4.1.4).  One per thread; the memory is reused for each
// message.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zones/answer.h"
#include "zones/encoded_answer.h"
#include "zones/message_reader.h"
#include "zones/name_table.h"
#include "zones/octets.h"
#include "zones/query.h"

namespace canopy {

class MessageWriter {
 public:
  MessageWriter();

  // Starts a message with space for the header, and with the question.  Large
  // RRsets (more than kAlwaysFit records) must end before octet `room`.  `room`
  // is capped at 64 KiB less the size of an OPT record.
  void start(const Query& query, std::size_t room = kMaxMessageSize);

  // Adds an RRset to a section.  The sections must come in order.  A large
  // RRset is added as far as it fits: records are taken in a circle from number
  // `first` on, so that a random `first` makes a fair subset.  After the first
  // record that does not fit, nothing more is added to the message.  Therefore
  // the work is bounded by `room`.
  void add(Section section, NameView owner, RrsetView rrset,
           std::size_t first = 0);
  // Adds the SOA of a negative response.  REQUIRES: the question is in the
  // SOA's zone.
  void add(const EncodedSoa& soa);
  // Adds one record.  The record joins the previous RRset if it belongs to it.
  void add(Section section, NameView owner, RrType type, std::uint32_t ttl,
           std::span<const std::uint8_t> rdata);

  // Completes the header.  The result borrows from this writer until start().
  EncodedAnswer finish(Rcode rcode, std::uint16_t flags);

  // True when records were left out.
  bool is_partial() const { return partial_; }
  // True when records were left out of the answer or the authority section.
  bool is_cut() const { return cut_; }

 private:
  void add_large(Section section, NameView owner, RrsetView rrset,
                 std::size_t first);
  // False when the record does not fit before `end`.  Then nothing may be added
  // after it, because the name table may hold names of the removed record.
  bool add_record(Section section, NameView owner, RrType type,
                  std::uint32_t ttl, std::span<const std::uint8_t> rdata,
                  std::size_t end);
  void leave_out(Section section);
  bool write_record(NameView owner, RrType type, std::uint32_t ttl,
                    std::span<const std::uint8_t> rdata);
  void write_name(NameView name, bool compress);
  // The offset of suffix number `i` of a name in the message, if it is there.
  std::optional<std::uint16_t> place_of(const NameTable::Suffixes& name,
                                        std::size_t i,
                                        std::size_t in_question) const;
  std::size_t labels_in_question(const NameTable::Suffixes& name) const;
  void write_owner(NameView owner);
  void write_rdata(RrType type, std::span<const std::uint8_t> rdata);
  void write16(std::size_t value) {
    store16({message_.data() + size_, 2}, 0, value);
    size_ += 2;
  }
  void write32(std::uint32_t value) {
    write16(value >> 16);
    write16(value);
  }
  void write(std::span<const std::uint8_t> octets) {
    std::copy(octets.begin(), octets.end(), message_.data() + size_);
    size_ += octets.size();
  }

  std::vector<std::uint8_t> message_;  // always of full size
  std::size_t size_ = 0;
  std::vector<std::uint16_t> ttl_offsets_;
  std::vector<RrsetSpan> rrsets_;
  NameTable names_;
  NameView qname_;
  Labels qname_labels_;
  std::size_t large_end_ = 0;  // large RRsets must end before this
  RrClass class_ = RrClass::kIn;
  // The last owner written, and a pointer to it (0 when there is none).
  const std::uint8_t* last_owner_ = nullptr;
  std::uint16_t last_owner_pointer_ = 0;
  RrType last_type_ = RrType::kName;
  bool partial_ = false;
  bool cut_ = false;
  bool full_ = false;  // a large RRset did not fit
};

// If a large RRset does not fit into the answer's room, the records sent are
// chosen by `first`, and TC is set.
EncodedAnswer encode_answer(const Query& query, const Answer& answer,
                            std::size_t first, MessageWriter& writer);
// An answer to `query` without records.
EncodedAnswer empty_answer(const Query& query, Rcode rcode, std::uint16_t flags,
                           MessageWriter& writer);

}  // namespace canopy
