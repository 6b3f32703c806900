#include "cache/ttl_rules.h"

#include <algorithm>

#include "zones/message_reader.h"
#include "zones/octets.h"

namespace canopy {
namespace {

constexpr std::uint32_t kNoTtl = 0xFFFFFFFF;

// The TTL at offset `at`; 0 if the highest bit is set (RFC 2181 section 8).
std::uint32_t ttl_at(std::span<const std::uint8_t> message, std::size_t at) {
  const std::uint32_t ttl = load32(message, at);
  return ttl >> 31 != 0 ? 0 : ttl;
}

// The TTLs that decide the lifetime of an answer.
struct Ttls {
  bool has_answer = false;          // has a record of the type asked for
  std::uint32_t answer = kNoTtl;    // the shortest of the answer section
  std::uint32_t negative = kNoTtl;  // by the authority section's SOA
};

// The work is bounded by the number of the message's records.
Ttls ttls_of(const EncodedAnswer& answer, RrType asked) {
  const auto message = answer.message;
  Ttls ttls;
  std::size_t record = 0;
  for (const RrsetSpan& rrset : answer.rrsets) {
    const auto offsets = answer.ttl_offsets.subspan(record, rrset.count);
    record += rrset.count;
    const auto type = RrType{load16(message, offsets.front() - 4U)};
    if (rrset.section == Section::kAnswer) {
      ttls.has_answer |= type == asked || asked == RrType::kAny;
      for (const std::uint16_t at : offsets) {
        ttls.answer = std::min(ttls.answer, ttl_at(message, at));
      }
    } else if (rrset.section == Section::kAuthority && type == RrType::kSoa) {
      const std::size_t end = std::size_t{rrset.offset} + rrset.size;
      ttls.negative =
          std::min({ttls.negative, ttl_at(message, offsets.front()),
                    ttl_at(message, end - 4)});  // MINIMUM, its last field
    }
  }
  return ttls;
}

}  // namespace

std::optional<std::chrono::seconds> refresh_before_end(
    std::chrono::seconds lifetime) {
  using std::chrono::seconds;
  if (lifetime < seconds(5)) return std::nullopt;
  return std::max(lifetime / 10, seconds(1));
}

std::optional<std::chrono::seconds> time_to_keep(const EncodedAnswer& answer) {
  MessageReader reader(answer.message);
  const Rcode rcode = reader.rcode();
  if ((reader.flags() & flag::kTc) != 0) return std::nullopt;
  if (rcode != Rcode::kNoError && rcode != Rcode::kNxDomain) {
    return std::nullopt;
  }
  const std::optional<Question> question = reader.question();
  if (!question) return std::nullopt;
  const Ttls ttls = ttls_of(answer, question->qtype);
  const bool is_negative = rcode == Rcode::kNxDomain || !ttls.has_answer;
  if (is_negative && ttls.negative == kNoTtl) return std::nullopt;
  const std::uint32_t ttl =
      is_negative ? std::min({ttls.answer, ttls.negative, kNegativeTtl.most})
                  : std::min(ttls.answer, kPositiveTtl.most);
  if (ttl == 0) return std::nullopt;
  return std::chrono::seconds(ttl);
}

}  // namespace canopy
