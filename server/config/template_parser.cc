#include "server/config/template_parser.h"

#include <algorithm>
#include <string>
#include <vector>

#include "healthz/configuration_error.h"
#include "server/config/text_values.h"

namespace canopy {
namespace {

using What = TemplatePiece::What;
using Words = std::span<const std::string_view>;

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kBlanks = " \t\r\n";

[[noreturn]] void refuse(std::string_view action) {
  throw ConfigurationError(
      "has {{" + std::string(action) +
      "}}, which is not supported; write .Name, .Zone, .Class, .Type, .Remote, "
      ".Question.Name, .Group.NAME, index .Match N or parseInt .Group.NAME "
      "BASE BITS");
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  words.reserve(5);
  for (auto at = text.find_first_not_of(kBlanks); at != text.npos;
       at = text.find_first_not_of(kBlanks, at)) {
    const auto end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<std::size_t> number_in(std::string_view text, std::size_t most) {
  try {
    return number_value(std::string(text), {0, most});
  } catch (const ConfigurationError&) {
    return std::nullopt;
  }
}

// The text between double or back quotes; nothing when there are none.
std::optional<std::string> quoted(std::string_view word) {
  if (word.size() < 3 || (word[0] != '"' && word[0] != '`')) return {};
  const std::string_view inside = word.substr(1, word.size() - 2);
  if (word.back() != word[0] || inside.find_first_of("\"`\\") != inside.npos) {
    return {};
  }
  return std::string(inside);
}

// A value that is one word, such as .Name.
std::optional<TemplatePiece> field(std::string_view word) {
  constexpr std::string_view kGroup = ".Group.";
  struct Field {
    std::string_view name;
    What what;
  };
  for (const Field& known :
       {Field{".Name", What::kName}, Field{".Zone", What::kZone},
        Field{".Class", What::kClass}, Field{".Type", What::kType},
        Field{".Remote", What::kRemote},
        Field{".Question.Name", What::kQuestionName}}) {
    if (word == known.name) return TemplatePiece{.what = known.what};
  }
  if (!word.starts_with(kGroup)) return std::nullopt;
  const std::string_view name = word.substr(kGroup.size());
  if (name.empty() || name.find('.') != name.npos) return std::nullopt;
  return TemplatePiece{.what = What::kGroup, .text = std::string(name)};
}

// index .Match N, index .Group "NAME"
std::optional<TemplatePiece> indexed(Words words) {
  if (words.size() != 3) return std::nullopt;
  if (words[1] == ".Match") {
    const auto number = number_in(words[2], NamePattern::kMostGroups);
    if (!number) return std::nullopt;
    return TemplatePiece{.what = What::kMatch, .number = *number};
  }
  const auto name = quoted(words[2]);
  if (words[1] != ".Group" || !name) return std::nullopt;
  if (const auto number = number_in(*name, NamePattern::kMostGroups)) {
    return TemplatePiece{.what = What::kMatch, .number = *number};
  }
  return TemplatePiece{.what = What::kGroup, .text = *name};
}

// parseInt VALUE BASE BITS
std::optional<TemplatePiece> number(Words words) {
  if (words.size() != 4) return std::nullopt;
  auto piece = field(words[1]);
  const auto base = number_in(words[2], 36);
  const auto bits = number_in(words[3], 64);
  if (!piece || !base || *base < 2 || !bits) return std::nullopt;
  piece->base = static_cast<int>(*base);
  piece->bits = *bits == 0 ? 64 : static_cast<unsigned>(*bits);
  return piece;
}

TemplatePiece action(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  std::optional<TemplatePiece> piece;
  if (words.size() == 1) piece = field(words[0]);
  if (!words.empty() && words[0] == "index") piece = indexed(words);
  if (!words.empty() && words[0] == "parseInt") piece = number(words);
  if (!piece) refuse(text);
  return *piece;
}

}  // namespace

TemplateText parse_template(std::string_view text) {
  std::vector<TemplatePiece> pieces;
  while (!text.empty()) {
    const auto open = std::min(text.find(kOpen), text.size());
    if (open > 0) {
      pieces.push_back({.text = std::string(text.substr(0, open))});
    }
    text.remove_prefix(open);
    if (text.empty()) break;
    const auto close = text.find(kClose);
    if (close == text.npos) {
      throw ConfigurationError("has {{ without }}; close it");
    }
    pieces.push_back(action(text.substr(kOpen.size(), close - kOpen.size())));
    text.remove_prefix(close + kClose.size());
  }
  return TemplateText(std::move(pieces));
}

}  // namespace canopy
