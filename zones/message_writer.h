// Writes answers as octets, with names compressed (RFC 1035 4.1.4) by at most
// eight pointers each.  One a thread, its memory used again for each message.
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
#include "zones/query.h"

namespace canopy {

class MessageWriter {
 public:
  MessageWriter();

  // A new message: room for the header, and the question.  `room` is the octet
  // that large RRsets (more than kAlwaysFit records) must end before; 64 KiB,
  // less what an OPT record takes, where it is larger.
  void start(const Query& query, std::size_t room = kMaxMessageSize);

  // Adds an RRset to a section; sections come in their order.  Of a large one
  // as many records as fit, beginning with number `first` and going round, so
  // that a random `first` makes a fair subset; where one does not fit nothing
  // more is added to the message.  So the work is bounded by `room`.
  void add(Section section, NameView owner, RrsetView rrset,
           std::size_t first = 0);
  // The SOA of a negative response.  REQUIRES: the question is in its zone.
  void add(const EncodedSoa& soa);
  // One record; joins the RRset before it if it belongs to it.
  void add(Section section, NameView owner, RrType type, std::uint32_t ttl,
           std::span<const std::uint8_t> rdata);

  // Completes the header.  The result borrows from this writer until start.
  EncodedAnswer finish(Rcode rcode, std::uint16_t flags);

  // True when records were left out.
  bool is_partial() const { return partial_; }
  // True when records of the answer or the authority section were.
  bool is_cut() const { return cut_; }

 private:
  void add_large(Section section, NameView owner, RrsetView rrset,
                 std::size_t first);
  // False when it does not fit before `end`, and nothing may follow then: names
  // of it are remembered.
  bool add_record(Section section, NameView owner, RrType type,
                  std::uint32_t ttl, std::span<const std::uint8_t> rdata,
                  std::size_t end);
  void leave_out(Section section);
  bool write_record(NameView owner, RrType type, std::uint32_t ttl,
                    std::span<const std::uint8_t> rdata);
  void write_name(NameView name, bool compress);
  // Where suffix number `i` of a name stands in the message.
  std::optional<std::uint16_t> place_of(const NameTable::Suffixes& name,
                                        std::size_t i,
                                        std::size_t in_question) const;
  std::size_t labels_in_question(const NameTable::Suffixes& name) const;
  void write_owner(NameView owner);
  void write_rdata(RrType type, std::span<const std::uint8_t> rdata);
  void write16(std::size_t value) {
    std::uint8_t* const to = message_.data() + size_;
    to[0] = static_cast<std::uint8_t>(value >> 8);
    to[1] = static_cast<std::uint8_t>(value);
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
  std::size_t large_end_ = 0;  // where large RRsets must end
  RrClass class_ = RrClass::kIn;
  // The owner written last and a pointer to it, 0 when there is none.
  const std::uint8_t* last_owner_ = nullptr;
  std::uint16_t last_owner_pointer_ = 0;
  RrType last_type_ = RrType::kName;
  bool partial_ = false;
  bool cut_ = false;
  bool full_ = false;  // a large RRset did not fit
};

// `first` seeds which records are sent of a large RRset that does not fit into
// the answer's room; TC is set then.
EncodedAnswer encode_answer(const Query& query, const Answer& answer,
                            std::size_t first, MessageWriter& writer);
// The answer to `query` with nothing in it.
EncodedAnswer empty_answer(const Query& query, Rcode rcode, std::uint16_t flags,
                           MessageWriter& writer);

}  // namespace canopy
