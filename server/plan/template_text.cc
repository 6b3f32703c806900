#include "server/plan/template_text.h"

#include <charconv>
#include <cstdint>
#include <optional>

namespace canopy {
namespace {

std::optional<std::string_view> group(const TemplateValues& values,
                                      const TemplatePiece& piece) {
  if (piece.what == TemplatePiece::What::kMatch) {
    if (piece.number >= values.match.size()) return std::nullopt;
    return values.match[piece.number];
  }
  if (values.pattern == nullptr) return std::nullopt;
  const auto number = values.pattern->group(piece.text);
  if (!number || *number >= values.match.size()) return std::nullopt;
  return values.match[*number];
}

std::optional<std::string_view> value_of(const TemplateValues& values,
                                         const TemplatePiece& piece) {
  using What = TemplatePiece::What;
  switch (piece.what) {
    case What::kText:
      return piece.text;
    case What::kName:
      return values.name;
    case What::kZone:
      return values.zone;
    case What::kClass:
      return "IN";  // queries of other classes are refused
    case What::kType:
      return values.type;
    case What::kRemote:
      return values.remote;
    case What::kQuestionName:
      return values.question_name;
    case What::kMatch:
    case What::kGroup:
      return group(values, piece);
  }
  return std::nullopt;
}

// As Go's ParseUint.
std::optional<std::string> decimal(std::string_view text,
                                   const TemplatePiece& piece) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] =
      std::from_chars(text.data(), end, number, piece.base);
  if (error != std::errc() || stop != end) return std::nullopt;
  if (piece.bits < 64 && number >> piece.bits != 0) return std::nullopt;
  return std::to_string(number);
}

}  // namespace

bool TemplateText::expand(const TemplateValues& values,
                          std::string& text) const {
  text.clear();
  for (const TemplatePiece& piece : pieces_) {
    const auto value = value_of(values, piece);
    if (!value) return false;
    if (piece.base == 0) {
      text += *value;
    } else if (const auto number = decimal(*value, piece)) {
      text += *number;
    } else {
      return false;
    }
    if (text.size() > kMostOctets) return false;
  }
  return true;
}

}  // namespace canopy
