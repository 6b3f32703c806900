#include "server/answer/reply_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "zones/message_reader.h"
#include "zones/octets.h"

namespace canopy {
namespace {

constexpr std::size_t kOptSize = 11;  // without options
constexpr std::uint16_t kNsidOption = 3;
constexpr std::uint16_t kExtendedErrorOption = 15;

std::size_t size_limit(const Query& query, Transport transport) {
  if (transport == Transport::kTcp) return kMaxMessageSize;
  if (!query.edns) return 512;
  return std::min(query.edns->udp_size, kMaxUdpSize);
}

std::size_t question_end(const Query& query) {
  return kHeaderSize + query.qname.size() + 4;
}

// Returns the end of the record whose TTL is at offset `ttl`.
std::size_t end_of_record(const EncodedAnswer& answer, std::size_t ttl) {
  return ttl + 6 + load16(answer.message, ttl + 4);
}

}  // namespace

std::size_t room_for_records(const Query& query, Transport transport) {
  return size_limit(query, transport) - (query.edns ? kOptSize : 0);
}

ReplyWriter::ReplyWriter() : message_(kMaxMessageSize) {}

std::span<const std::uint8_t> ReplyWriter::write(const EncodedAnswer& answer,
                                                 const Query& query,
                                                 const ReplyForm& form) {
  const std::size_t limit = size_limit(query, form.transport);
  const std::size_t room = limit - (query.edns ? kOptSize : 0);
  const std::size_t rrsets = fitting_rrsets(answer, room);
  size_ = question_end(query);
  if (rrsets == answer.rrsets.size()) {
    size_ = answer.message.size();
  } else if (rrsets > 0) {
    const RrsetSpan& last = answer.rrsets[rrsets - 1];
    size_ = std::size_t{last.offset} + last.size;
  }
  std::memcpy(message_.data(), answer.message.data(), size_);
  for (const RrsetSpan& rrset : answer.rrsets.first(rrsets)) {
    if (rrset.rotates && rrset.count > 1) {
      copy_rrset(answer, rrset, form.rotation);
    }
  }
  if (form.age > 0) age_ttls(answer, form.age);
  std::size_t part = 0;
  if (truncated_) part = copy_part(answer, answer.rrsets[rrsets], form, room);
  write_header(answer, query, rrsets, part);
  if (query.edns) write_opt(query, form, limit);
  return {message_.data(), size_};
}

std::span<const std::uint8_t> ReplyWriter::refuse(
    std::span<const std::uint8_t> message, Rcode rcode) {
  // RFC 4035 3.1.6.  RFC 8906 3.1: unknown flags are cleared.
  constexpr std::uint16_t kKept = 0x7800 | flag::kRd | flag::kCd;
  std::fill_n(message_.begin(), kHeaderSize, 0);
  std::copy_n(message.begin(), 2, message_.begin());
  const std::uint16_t asked = load16(message, 2);
  store16(message_, 2,
          flag::kQr | (asked & kKept) | static_cast<unsigned>(rcode));
  return {message_.data(), kHeaderSize};
}

// Returns how many whole RRsets fit, counted from the first.  Sets TC when
// records of the answer or authority section are missing; additional records
// are optional (RFC 2181 9).
std::size_t ReplyWriter::fitting_rrsets(const EncodedAnswer& answer,
                                        std::size_t limit) {
  truncated_ = false;
  if (answer.message.size() <= limit) return answer.rrsets.size();
  const auto too_much =
      std::ranges::find_if(answer.rrsets, [limit](const RrsetSpan& rrset) {
        return std::size_t{rrset.offset} + rrset.size > limit;
      });
  truncated_ = too_much != answer.rrsets.end() &&
               too_much->section != Section::kAdditional;
  return static_cast<std::size_t>(too_much - answer.rrsets.begin());
}

void ReplyWriter::copy_rrset(const EncodedAnswer& answer,
                             const RrsetSpan& rrset, std::size_t rotation) {
  const std::size_t record = rrset.size / rrset.count;
  const std::size_t moved = rotation % rrset.count * record;
  const std::uint8_t* from = answer.message.data() + rrset.offset;
  std::uint8_t* to = message_.data() + rrset.offset;
  std::memcpy(to, from + moved, rrset.size - moved);
  std::memcpy(to + rrset.size - moved, from, moved);
}

// Copies a random selection of the RRset's records if none has a compression
// pointer into another.  Otherwise copies the first ones.
std::size_t ReplyWriter::copy_part(const EncodedAnswer& answer,
                                   const RrsetSpan& rrset,
                                   const ReplyForm& form, std::size_t limit) {
  const auto first = std::ranges::lower_bound(answer.ttl_offsets, rrset.offset);
  const auto ttls = answer.ttl_offsets.subspan(
      static_cast<std::size_t>(first - answer.ttl_offsets.begin()));
  if (rrset.section != Section::kAnswer || ttls.size() < rrset.count) return 0;
  const bool any = rrset.rotates || rrset.movable;
  std::size_t i = any ? form.rotation % rrset.count : 0;
  std::size_t copied = 0;
  for (; copied < rrset.count; ++copied, i = (i + 1) % rrset.count) {
    const std::size_t begin =
        i == 0 ? rrset.offset : end_of_record(answer, ttls[i - 1]);
    const std::size_t size = end_of_record(answer, ttls[i]) - begin;
    if (size_ + size > limit) break;
    std::memcpy(&message_[size_], &answer.message[begin], size);
    if (form.age > 0) age_ttl(size_ + ttls[i] - begin, form.age);
    size_ += size;
  }
  return copied;
}

void ReplyWriter::age_ttls(const EncodedAnswer& answer, std::uint32_t age) {
  for (const std::uint16_t at : answer.ttl_offsets) {
    if (at >= size_) return;
    age_ttl(at, age);
  }
}

void ReplyWriter::age_ttl(std::size_t at, std::uint32_t age) {
  const std::uint32_t ttl = load32(message_, at);
  store32(message_, at, ttl > age ? ttl - age : 0);
}

void ReplyWriter::write_header(const EncodedAnswer& answer, const Query& query,
                               std::size_t rrsets, std::size_t part) {
  std::uint16_t flags = load16(answer.message, 2);
  if (query.recursion_desired) flags |= flag::kRd;
  if (query.checking_disabled) flags |= flag::kCd;
  if (truncated_) flags |= flag::kTc;
  // RFC 6840 5.8: only clients that set AD or DO understand AD.
  if (!query.authentic_data && !query.dnssec_ok()) {
    flags &= static_cast<std::uint16_t>(~flag::kAd);
  }
  store16(message_, 0, query.id);
  store16(message_, 2, flags);
  const auto qname = query.qname.wire();
  std::copy(qname.begin(), qname.end(), message_.begin() + kHeaderSize);
  if (rrsets == answer.rrsets.size()) return;
  std::array<std::size_t, 3> counts{part, 0, 0};  // records of the cut RRset
  for (const RrsetSpan& rrset : answer.rrsets.first(rrsets)) {
    counts[static_cast<std::size_t>(rrset.section)] += rrset.count;
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    store16(message_, 6 + 2 * i, counts[i]);
  }
}

// RFC 6891 6.1.2, RFC 5001 2.2, RFC 8914 2.  Drops the error's text if it does
// not fit.
void ReplyWriter::write_opt(const Query& query, const ReplyForm& form,
                            std::size_t limit) {
  store16(message_, 10, load16(message_, 10) + 1U);
  message_[size_++] = 0;
  append16(static_cast<std::uint16_t>(RrType::kOpt));
  append16(kMaxUdpSize);
  append16(static_cast<std::size_t>(form.extended_rcode >> 4) << 8);
  append16(query.edns->dnssec_ok ? 0x8000 : 0);
  const std::size_t length_at = size_;
  append16(0);
  if (!form.nsid.empty()) write_nsid(form.nsid, limit);
  if (form.error) write_errors(*form.error, limit);
  store16(message_, length_at, size_ - length_at - 2);
}

void ReplyWriter::write_nsid(std::string_view nsid, std::size_t limit) {
  if (size_ + 4 + nsid.size() > limit) return;
  append16(kNsidOption);
  append16(nsid.size());
  append(nsid);
}

void ReplyWriter::write_errors(const ExtendedError& error, std::size_t limit) {
  if (error.is_ours) write_error(error, limit);
  for (const ExtendedError& theirs : error.theirs) write_error(theirs, limit);
}

void ReplyWriter::write_error(const ExtendedError& error, std::size_t limit) {
  constexpr std::size_t kWithoutText = 6;
  if (size_ + kWithoutText > limit) return;
  std::string_view text = error.text;
  if (size_ + kWithoutText + text.size() > limit) text = {};
  append16(kExtendedErrorOption);
  append16(2 + text.size());
  append16(static_cast<std::uint16_t>(error.code));
  append(text);
}

void ReplyWriter::append(std::string_view text) {
  std::copy(text.begin(), text.end(),
            message_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += text.size();
}

void ReplyWriter::append16(std::size_t value) {
  store16(message_, size_, value);
  size_ += 2;
}

}  // namespace canopy
