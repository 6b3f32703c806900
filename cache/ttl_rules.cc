#include "cache/ttl_rules.h"

#include <algorithm>

#include "zones/message_reader.h"

namespace canopy {

std::optional<std::chrono::seconds> refresh_before_end(
    std::chrono::seconds lifetime) {
  using std::chrono::seconds;
  if (lifetime < seconds(5)) return std::nullopt;
  return std::max(lifetime / 10, seconds(1));
}

std::optional<std::chrono::seconds> time_to_keep(const MessageIndex& answer) {
  if ((answer.flags() & flag::kTc) != 0) return std::nullopt;
  if (answer.rcode() != Rcode::kNoError && answer.rcode() != Rcode::kNxDomain) {
    return std::nullopt;
  }
  const bool negative =
      answer.rcode() == Rcode::kNxDomain || !answer.has_answer();
  const std::uint32_t ttl = answer.ttl().value_or(0);
  if (ttl == 0) return std::nullopt;
  return std::chrono::seconds(
      std::min(ttl, negative ? kMaxNegativeTtl : kMaxTtl));
}

}  // namespace canopy
