// The directive rewrite (coredns.io/plugins/rewrite).
#include <algorithm>
#include <array>
#include <charconv>

#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"
#include "server/plan/rewrites.h"

namespace canopy {
namespace {

using Words = std::span<const CorefileToken>;
using How = NameTest::How;

std::string lower(std::string text) {
  for (char& letter : text) {
    letter = static_cast<char>(fold(static_cast<std::uint8_t>(letter)));
  }
  return text;
}

// The word in lower case with a dot at its end, as CoreDNS compares names.
std::string name_text(const CorefileToken& word) {
  return value_of(word, [](const std::string& text) {
    if (text.size() > kMaxNameText) {
      throw ConfigurationError("is too long for a name");
    }
    return lower(text.ends_with('.') ? text : text + '.');
  });
}

NamePattern pattern_of(const CorefileToken& word) {
  return value_of(word,
                  [](const std::string& text) { return NamePattern(text); });
}

// The replacement for what `from` matches.
std::string replacement_text(const CorefileToken& word,
                             const NamePattern& from) {
  std::string text = name_text(word);
  for (std::size_t i = from.groups() + 1; i <= NamePattern::kMostGroups; ++i) {
    const std::string group = "{" + std::to_string(i) + "}";
    if (text.find(group) == std::string::npos) continue;
    throw ConfigurationError("\"" + word.text + "\" uses " + group +
                             ", but \"" + from.text() + "\" has " +
                             std::to_string(from.groups()) + " groups");
  }
  return text;
}

How how_value(const CorefileToken& word) {
  constexpr std::array<std::string_view, 5> kNames = {
      "exact", "prefix", "suffix", "substring", "regex"};
  const std::string text = lower(word.text);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (text == kNames[i]) return static_cast<How>(i);
  }
  throw ConfigurationError(
      "\"" + word.text +
      "\" is not one of exact, prefix, suffix, substring or regex");
}

NameTest test_of(How how, const CorefileToken& from) {
  if (how == How::kRegex) return {.how = how, .pattern = pattern_of(from)};
  return {.how = how, .text = name_text(from)};
}

void require_words(Words words, std::size_t least, std::size_t most,
                   const std::string& form) {
  if (words.size() >= least && words.size() <= most) return;
  throw ConfigurationError("write " + form);
}

// answer auto | [answer] name FROM TO | [answer] value FROM TO
Words take_answer(Words words, RewriteRule& rule) {
  constexpr auto kForm =
      "write answer auto, answer name FROM TO, or answer value FROM TO";
  const bool is_first = rule.answers.empty() && !rule.is_undone;
  if (words.front().text == "answer") {
    words = words.subspan(1);
  } else if (is_first) {
    throw ConfigurationError("\"" + words.front().text +
                             "\" cannot stand here; " + kForm);
  }
  if (!words.empty() && words.front().text == "auto") {
    rule.is_undone = true;
    return words.subspan(1);
  }
  const bool is_value = !words.empty() && words.front().text == "value";
  const bool is_name = !words.empty() && words.front().text == "name";
  if ((!is_value && !is_name) || words.size() < 3) {
    throw ConfigurationError(kForm);
  }
  NamePattern from = pattern_of(words[1]);
  std::string to = replacement_text(words[2], from);
  rule.answers.push_back({.which = is_value ? AnswerRewrite::Which::kValues
                                            : AnswerRewrite::Which::kOwners,
                          .from = std::move(from),
                          .to = std::move(to)});
  return words.subspan(3);
}

void read_answers(Words words, RewriteRule& rule) {
  constexpr std::size_t kMostAnswers = 20;
  while (!words.empty()) {
    words = take_answer(words, rule);
    if (rule.answers.size() > kMostAnswers) {
      throw ConfigurationError("has more than " + std::to_string(kMostAnswers) +
                               " answer rules");
    }
  }
  const auto changes_owners = [](const AnswerRewrite& answer) {
    return answer.which == AnswerRewrite::Which::kOwners;
  };
  if (rule.is_undone && std::ranges::any_of(rule.answers, changes_owners)) {
    throw ConfigurationError(
        "cannot have both answer auto and answer name; remove one");
  }
}

// name [HOW] FROM TO [answer ..]
void read_name(Words words, RewriteRule& rule) {
  require_words(words, 2, kMostArguments,
                "name [exact|prefix|suffix|substring|regex] FROM TO");
  How how = How::kExact;
  if (words.size() > 2) {
    how = how_value(words[0]);
    words = words.subspan(1);
    require_words(words, 2, kMostArguments,
                  "name " + words[0].text + " FROM TO");
  }
  rule.test = test_of(how, words[0]);
  rule.to = how == How::kRegex ? replacement_text(words[1], *rule.test.pattern)
                               : name_text(words[1]);
  read_answers(words.subspan(2), rule);
  if (how == How::kExact) rule.is_undone = true;
}

RrType type_of(const CorefileToken& word) {
  return value_of(word, [](const std::string& text) {
    std::string capitals = text;
    for (char& letter : capitals) {
      if (letter >= 'a' && letter <= 'z')
        letter = static_cast<char>(letter - 32);
    }
    const auto type = rr_type_from_text(capitals);
    if (!type)
      throw ConfigurationError(
          "is not a known type; write TYPE and its number");
    const auto number = static_cast<std::uint16_t>(*type);
    const bool is_meta =
        number == 0 || *type == RrType::kOpt || (number >= 128 && number < 255);
    if (is_meta) throw ConfigurationError("cannot be rewritten");
    return *type;
  });
}

// type FROM TO
void read_type(Words words, RewriteRule& rule) {
  require_words(words, 2, 2, "type FROM TO");
  rule.type_from = type_of(words[0]);
  rule.type_to = type_of(words[1]);
}

std::uint32_t seconds_of(std::string_view text) {
  std::uint32_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error == std::errc() && stop == end) return seconds;
  throw ConfigurationError("is not a TTL; write SECONDS or LEAST-MOST");
}

// "30", "30-300", "-300" or "30-".
TtlRange ttl_value(const std::string& text) {
  constexpr std::uint32_t kMost = 0x7FFFFFFF;  // RFC 2181 8
  const std::string_view all = text;
  const auto dash = all.find('-');
  if (dash == all.npos) return {seconds_of(all), seconds_of(all)};
  const std::string_view least = all.substr(0, dash);
  const std::string_view most = all.substr(dash + 1);
  if (least.empty() && most.empty()) seconds_of(all);
  const TtlRange range{least.empty() ? 0 : seconds_of(least),
                       most.empty() ? kMost : seconds_of(most)};
  if (range.least > range.most) {
    throw ConfigurationError("is not a range: the first number is larger");
  }
  return range;
}

// ttl [HOW] NAME SECONDS|LEAST-MOST
void read_ttl(Words words, RewriteRule& rule) {
  require_words(words, 2, 3,
                "ttl [exact|prefix|suffix|substring|regex] NAME SECONDS");
  How how = How::kExact;
  if (words.size() == 3) {
    how = how_value(words[0]);
    words = words.subspan(1);
  }
  rule.test = test_of(how, words[0]);
  rule.ttl = value_of(words[1], ttl_value);
}

void read_field(const std::string& field, Words words, RewriteRule& rule) {
  if (field == "name") return read_name(words, rule);
  if (field == "type") {
    rule.field = RewriteRule::Field::kType;
    return read_type(words, rule);
  }
  if (field == "ttl") {
    rule.field = RewriteRule::Field::kTtl;
    return read_ttl(words, rule);
  }
  if (field == "class") {
    throw ConfigurationError(
        "class is not supported: only class IN is served; remove the rule");
  }
  if (field == "edns0" || field == "cname" || field == "rcode") {
    throw ConfigurationError(field + " is not supported yet; remove the rule");
  }
  if (field == "answer") {
    throw ConfigurationError("answer must follow a rule for name");
  }
  throw ConfigurationError("\"" + field + "\" is not one of name, type or ttl");
}

void add_words(const CorefileLine& line, std::vector<CorefileToken>& words) {
  words.insert(words.end(), line.words.begin(), line.words.end());
}

// The words of one rule, on the line or in its block.
std::vector<CorefileToken> words_of(const CorefileLine& line) {
  std::vector<CorefileToken> words;
  const Words arguments = arguments_of(line);
  words.assign(arguments.begin(), arguments.end());
  if (words.size() > 1 && !line.block.empty()) {
    throw ConfigurationError(
        "write the rule on one line, or all of it between { and }");
  }
  for (const CorefileLine& part : line.block) add_words(part, words);
  return words;
}

// The lines of the block are read with the directive.
bool take_line(const CorefileLine& line, CorefileReading&) {
  return line.block.empty();
}

}  // namespace

const CorefileTable kRewriteOptions{.rows = {}, .take_other = take_line};

// [continue|stop] FIELD ..
void read_rewrite(const CorefileLine& line, CorefileReading& reading) {
  const std::vector<CorefileToken> all = words_of(line);
  Words words = all;
  RewriteRule rule;
  if (!words.empty()) {
    const std::string mode = lower(words.front().text);
    rule.goes_on = mode == "continue";
    if (rule.goes_on || mode == "stop") words = words.subspan(1);
  }
  require_words(words, 1, kMostArguments,
                "rewrite [continue|stop] name|type|ttl ..");
  read_field(lower(words.front().text), words.subspan(1), rule);
  auto& rules = reading.block.rewrites;
  if (rules.size() == Rewrites::kMostRules) {
    throw ConfigurationError("a server block may have at most " +
                             std::to_string(Rewrites::kMostRules) + " of them");
  }
  rules.push_back(std::move(rule));
}

}  // namespace canopy
