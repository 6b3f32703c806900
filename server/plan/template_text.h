// A text with values of a query in it: a subset of Go's templates, parsed by
// server/config/template_parser.h.  Immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/plan/name_pattern.h"

namespace canopy {

// What a template knows of a query.
struct TemplateValues {
  std::string_view name;           // in lower case
  std::string_view zone;           // the template's domain
  std::string_view type;           // "AAAA"
  std::string_view remote;         // the client's address
  std::string_view question_name;  // in the client's case
  // The pattern that matched `name`; null: none was needed.
  const NamePattern* pattern = nullptr;
  // The whole match and its groups.
  std::span<const std::string_view> match{};
};

struct TemplatePiece {
  enum class What : std::uint8_t {
    kText,
    kName,
    kZone,
    kClass,
    kType,
    kRemote,
    kQuestionName,
    kMatch,  // the group `number` of the match
    kGroup,  // the group named `text`
  };
  What what = What::kText;
  std::string text{};
  std::size_t number = 0;
  // Not 0: the value is a number in this base, written as a decimal number.
  int base = 0;
  unsigned bits = 64;  // the largest such number has this many

  friend bool operator==(const TemplatePiece&, const TemplatePiece&) = default;
};

class TemplateText {
 public:
  // The longest text that expand() makes.
  static constexpr std::size_t kMostOctets = 4096;

  explicit TemplateText(std::vector<TemplatePiece> pieces)
      : pieces_(std::move(pieces)) {}

  const std::vector<TemplatePiece>& pieces() const { return pieces_; }

  // Sets `text`.  False when a value is missing or is no number, or when the
  // text is too long.
  bool expand(const TemplateValues& values, std::string& text) const;

  friend bool operator==(const TemplateText&, const TemplateText&) = default;

 private:
  std::vector<TemplatePiece> pieces_;
};

}  // namespace canopy
