#include "server/plan/name_pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "healthz/configuration_error.h"

namespace canopy {
namespace {

// For the program, and for the states that matching keeps.
constexpr std::int64_t kMostMemory = 1 << 20;

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  // Names are ASCII: other octets are escaped in their text.
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  return options;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view view(const re2::StringPiece& piece) {
  if (piece.data() == nullptr) return {};
  return {piece.data(), static_cast<std::size_t>(piece.size())};
}

// Returns the number in "{12}..."; nothing for other text.
std::optional<std::size_t> group_number(std::string_view text) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 1, end, number);
  if (error != std::errc() || stop == end || *stop != '}') return std::nullopt;
  return number;
}

}  // namespace

NamePattern::NamePattern(std::string pattern) : text_(std::move(pattern)) {
  if (text_.size() > kMostOctets) {
    throw ConfigurationError("is longer than " + std::to_string(kMostOctets) +
                             " octets");
  }
  compiled_ = std::make_shared<const re2::RE2>(piece(text_), options());
  if (!compiled_->ok()) {
    throw ConfigurationError("is not a regular expression: " +
                             compiled_->error());
  }
  if (static_cast<std::size_t>(compiled_->ProgramSize()) > kMostInstructions) {
    throw ConfigurationError(
        "is too complex; use smaller numbers of repetitions");
  }
  if (groups() > kMostGroups) {
    throw ConfigurationError("has more than " + std::to_string(kMostGroups) +
                             " groups");
  }
}

std::size_t NamePattern::groups() const {
  return static_cast<std::size_t>(compiled_->NumberOfCapturingGroups());
}

std::optional<std::size_t> NamePattern::group(const std::string& name) const {
  const auto& names = compiled_->NamedCapturingGroups();
  const auto found = names.find(name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found->second);
}

bool NamePattern::matches(std::string_view text) const {
  return compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED,
                          nullptr, 0);
}

bool NamePattern::match(std::string_view text,
                        std::vector<std::string_view>& found) const {
  std::array<re2::StringPiece, 1 + kMostGroups> pieces;
  const std::size_t count = 1 + groups();
  if (!compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED,
                        pieces.data(), static_cast<int>(count))) {
    return false;
  }
  found.clear();
  found.reserve(count);
  for (std::size_t i = 0; i < count; ++i) found.push_back(view(pieces[i]));
  return true;
}

std::optional<std::string> with_groups(
    std::string_view text, std::span<const std::string_view> groups) {
  std::string result;
  while (!text.empty() && result.size() <= kMaxNameText) {
    const std::size_t plain = std::min(text.find('{'), text.size());
    result += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto number = group_number(text);
    if (number && *number < groups.size()) {
      result += groups[*number];
      text.remove_prefix(text.find('}') + 1);
    } else {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  if (result.size() > kMaxNameText) return std::nullopt;
  return result;
}

}  // namespace canopy
