// Regular expressions for names, as Corefiles write them: Go's syntax, which is
// RE2's.  A match takes time linear in the text.  Immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}  // namespace re2

namespace canopy {

class NamePattern {
 public:
  // The longest pattern, as in CoreDNS; the largest compiled program; the most
  // groups.
  static constexpr std::size_t kMostOctets = 10'000;
  static constexpr std::size_t kMostInstructions = 10'000;
  static constexpr std::size_t kMostGroups = 100;

  // Throws ConfigurationError with a text that follows the pattern.
  explicit NamePattern(std::string pattern);

  const std::string& text() const { return text_; }
  // The number of groups, without the whole match.
  std::size_t groups() const;
  // The number of the group (?P<name>...); nothing when there is none.
  std::optional<std::size_t> group(const std::string& name) const;

  // True when the pattern matches anywhere in `text`.
  bool matches(std::string_view text) const;
  // The same.  On a match sets `found` to the whole match and then its groups,
  // which borrow from `text`.  A group without a part in the match is empty.
  bool match(std::string_view text, std::vector<std::string_view>& found) const;

  // Patterns are equal when their texts are.
  friend bool operator==(const NamePattern& a, const NamePattern& b) {
    return a.text_ == b.text_;
  }

 private:
  std::string text_;
  std::shared_ptr<const re2::RE2> compiled_;  // copies share it
};

// The longest text of a name: 255 octets, each written as \DDD.
inline constexpr std::size_t kMaxNameText = 1020;

// Replaces {0}, {1} and so on in `text` by the groups of that number; other
// braces stay.  Nothing when the result is longer than kMaxNameText.
std::optional<std::string> with_groups(
    std::string_view text, std::span<const std::string_view> groups);

}  // namespace canopy
