#include "cache/stored_answer.h"

#include <cstring>
#include <string_view>

namespace canopy {
namespace {

template <typename T>
void put(std::vector<std::uint8_t>& octets, std::size_t at,
         std::span<const T> values) {
  if (!values.empty()) {
    std::memcpy(&octets[at], values.data(), values.size_bytes());
  }
}

}  // namespace

EncodedAnswer StoredAnswer::answer() const {
  const std::uint8_t* const octets = octets_.data();
  return {{octets, layout_.message_size},
          {reinterpret_cast<const std::uint16_t*>(octets + layout_.ttls()),
           layout_.ttl_count},
          {reinterpret_cast<const RrsetSpan*>(octets + layout_.rrsets()),
           layout_.rrset_count}};
}

void StoredAnswer::assign(const EncodedAnswer& answer) {
  layout_ = {.message_size = static_cast<std::uint16_t>(answer.message.size()),
             .ttl_count = static_cast<std::uint16_t>(answer.ttl_offsets.size()),
             .rrset_count = static_cast<std::uint16_t>(answer.rrsets.size())};
  octets_.resize(layout_.error());
  put(octets_, 0, answer.message);
  put(octets_, layout_.ttls(), answer.ttl_offsets);
  put(octets_, layout_.rrsets(), answer.rrsets);
}

void StoredAnswer::set_ttls(std::uint32_t seconds) {
  for (const std::uint16_t at : answer().ttl_offsets) {
    for (int i = 0; i < 4; ++i) {
      octets_[at + static_cast<std::size_t>(i)] =
          static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
    }
  }
}

ExtendedError StoredAnswer::error() const {
  const auto* const octets = octets_.data() + layout_.error();
  return {static_cast<InfoCode>(octets[0]),
          {reinterpret_cast<const char*>(octets + 1), layout_.error_size - 1U}};
}

void StoredAnswer::set_error(const ExtendedError& error) {
  constexpr std::size_t kMostText = 500;
  octets_.resize(layout_.error());
  octets_.push_back(static_cast<std::uint8_t>(error.code));
  const std::string_view text =
      std::string_view(error.text).substr(0, kMostText);
  octets_.insert(octets_.end(), text.begin(), text.end());
  layout_.error_size = static_cast<std::uint16_t>(1 + text.size());
}

}  // namespace canopy
