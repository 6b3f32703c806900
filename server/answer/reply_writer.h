// Turns an encoded answer into a UDP or TCP message.  Writes the client's ID,
// case and flags, ages the TTLs, rotates addresses, adds the OPT record, and
// leaves out records that do not fit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "server/net/arrival.h"
#include "zones/encoded_answer.h"
#include "zones/query.h"

namespace canopy {

// The largest UDP answer that we send and advertise (DNS Flag Day 2020).
inline constexpr std::uint16_t kMaxUdpSize = 1232;

struct ReplyForm {
  Transport transport = Transport::kUdp;
  std::uint32_t age = 0;             // seconds since the answer was made
  std::size_t rotation = 0;          // how many places addresses move
  std::uint16_t extended_rcode = 0;  // bits 4 and up of the rcode
  const ExtendedError* error = nullptr;
  std::string_view nsid{};  // empty: the option is not sent
};

// Where the records of a reply must end: the client's limit, minus the OPT
// record.
std::size_t room_for_records(const Query& query, Transport transport);

class ReplyWriter {
 public:
  ReplyWriter();

  // Returns the message, valid until the next call.
  std::span<const std::uint8_t> write(const EncodedAnswer& answer,
                                      const Query& query,
                                      const ReplyForm& form);
  // Returns a header without records, for a message that cannot be decoded.
  // REQUIRES: `message` has a header.
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
  // Counts `rrsets` whole RRsets and `part` records of the next one.
  void write_header(const EncodedAnswer& answer, const Query& query,
                    std::size_t rrsets, std::size_t part);
  void write_opt(const Query& query, const ReplyForm& form, std::size_t limit);
  // Leaves the option out if it does not fit.
  void write_nsid(std::string_view nsid, std::size_t limit);
  void write_errors(const ExtendedError& error, std::size_t limit);
  void write_error(const ExtendedError& error, std::size_t limit);
  void append(std::string_view text);
  void append16(std::size_t value);

  std::vector<std::uint8_t> message_;  // always of full size
  std::size_t size_ = 0;
  bool truncated_ = false;
};

}  // namespace canopy
