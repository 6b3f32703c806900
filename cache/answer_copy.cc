#include "cache/answer_copy.h"

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "zones/octets.h"

namespace canopy {
namespace {

template <typename T>
void put(std::vector<std::uint8_t>& octets, std::size_t at,
         std::span<const T> values) {
  if (!values.empty()) {
    std::memcpy(&octets[at], values.data(), values.size_bytes());
  }
}

// The octets before the text of a stored error.
constexpr std::size_t kErrorHead = 5;
constexpr std::uint8_t kOurs = 1;
constexpr std::uint8_t kTheirs = 0;

void append_error(std::vector<std::uint8_t>& octets, std::uint8_t whose,
                  const ExtendedError& error) {
  constexpr std::size_t kMostText = 500;
  const std::string_view text =
      std::string_view(error.text).substr(0, kMostText);
  std::array<std::uint8_t, kErrorHead> head{whose};
  store16(head, 1, static_cast<std::uint16_t>(error.code));
  store16(head, 3, text.size());
  octets.insert(octets.end(), head.begin(), head.end());
  octets.insert(octets.end(), text.begin(), text.end());
}

}  // namespace

EncodedAnswer AnswerCopy::answer() const {
  const std::uint8_t* const octets = octets_.data();
  return {{octets, layout_.message_size},
          {reinterpret_cast<const std::uint16_t*>(octets + layout_.ttls()),
           layout_.ttl_count},
          {reinterpret_cast<const RrsetSpan*>(octets + layout_.rrsets()),
           layout_.rrset_count}};
}

void AnswerCopy::assign(const EncodedAnswer& answer) {
  layout_ = {.message_size = static_cast<std::uint16_t>(answer.message.size()),
             .ttl_count = static_cast<std::uint16_t>(answer.ttl_offsets.size()),
             .rrset_count = static_cast<std::uint16_t>(answer.rrsets.size())};
  octets_.resize(layout_.error());
  put(octets_, 0, answer.message);
  put(octets_, layout_.ttls(), answer.ttl_offsets);
  put(octets_, layout_.rrsets(), answer.rrsets);
}

void AnswerCopy::set_ttls(std::uint32_t seconds) {
  for (const std::uint16_t at : answer().ttl_offsets) {
    store32(octets_, at, seconds);
  }
}

void AnswerCopy::clamp_ttls(std::size_t first, const TtlRange& range) {
  for (const std::uint16_t at : answer().ttl_offsets.subspan(first)) {
    store32(octets_, at, range.clamp(load32(octets_, at)));
  }
}

// Our error, if any, then theirs.  Each has a mark, a code and a text size.
ExtendedError AnswerCopy::error() const {
  ExtendedError error{.text = {}, .is_ours = false};
  std::span<const std::uint8_t> left(octets_.data() + layout_.error(),
                                     layout_.error_size);
  while (!left.empty()) {
    const auto code = static_cast<InfoCode>(load16(left, 1));
    const std::size_t size = load16(left, 3);
    std::string text(reinterpret_cast<const char*>(left.data()) + kErrorHead,
                     size);
    if (left[0] == kOurs) {
      error.code = code;
      error.text = std::move(text);
      error.is_ours = true;
    } else {
      error.theirs.push_back({code, std::move(text)});
    }
    left = left.subspan(kErrorHead + size);
  }
  return error;
}

void AnswerCopy::set_error(const ExtendedError& error) {
  octets_.resize(layout_.error());
  if (error.is_ours) append_error(octets_, kOurs, error);
  for (const ExtendedError& theirs : error.theirs) {
    append_error(octets_, kTheirs, theirs);
  }
  layout_.error_size =
      static_cast<std::uint16_t>(octets_.size() - layout_.error());
}

}  // namespace canopy
