// Makes the datagram or the TCP message out of an encoded answer: the asker's
// ID, case and flags, aged TTLs, another order of addresses, the OPT
// record, and records left out when it does not fit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/net/arrival.h"
#include "zones/encoded_answer.h"
#include "zones/query.h"

namespace canopy {

// What a DNS Flag Day 2020 server sends at most over UDP, and offers to take.
inline constexpr std::uint16_t kMaxUdpSize = 1232;

struct ReplyForm {
  Transport transport = Transport::kUdp;
  std::uint32_t age = 0;             // seconds since the answer was made
  std::size_t rotation = 0;          // by how many places addresses move
  std::uint16_t extended_rcode = 0;  // bits 4 and up of the rcode
  const ExtendedError* error = nullptr;
};

// Where the records of a reply must end: the client's limit, less an OPT
// record.
std::size_t room_for_records(const Query& query, Transport transport);

class ReplyWriter {
 public:
  ReplyWriter();

  // The message, good until the next call.
  std::span<const std::uint8_t> write(const EncodedAnswer& answer,
                                      const Query& query,
                                      const ReplyForm& form);
  // A header alone, for what could not be understood.  REQUIRES: `message`
  // has one.
  std::span<const std::uint8_t> refuse(std::span<const std::uint8_t> message,
                                       Rcode rcode);

  // Whether the last reply had TC set.
  bool is_truncated() const { return truncated_; }

 private:
  std::size_t fitting_rrsets(const EncodedAnswer& answer, std::size_t limit);
  void copy_rrset(const EncodedAnswer& answer, const RrsetSpan& rrset,
                  std::size_t rotation);
  // Appends as many whole records as fit.  Returns how many.
  std::size_t copy_part(const EncodedAnswer& answer, const RrsetSpan& rrset,
                        const ReplyForm& form, std::size_t limit);
  void age_ttls(const EncodedAnswer& answer, std::uint32_t age);
  void age_ttl(std::size_t at, std::uint32_t age);
  // `rrsets` whole ones, and `part` records of the next.
  void write_header(const EncodedAnswer& answer, const Query& query,
                    std::size_t rrsets, std::size_t part);
  void write_opt(const Query& query, const ReplyForm& form, std::size_t limit);
  void write_error(const ExtendedError& error, std::size_t limit);
  void store16(std::size_t at, std::size_t value);
  void append16(std::size_t value);

  std::vector<std::uint8_t> message_;  // always of full size
  std::size_t size_ = 0;
  bool truncated_ = false;
};

}  // namespace canopy
