#include "server/answer/query_rewriter.h"

#include <optional>
#include <string_view>
#include <utility>

namespace canopy {
namespace {

using How = NameTest::How;

// Replaces each `from` in `text`.  Stops when the result is too long for a
// name.
std::string with_each_replaced(std::string_view text, const std::string& from,
                               const std::string& to) {
  std::string result;
  while (result.size() <= kMaxNameText) {
    const auto at = text.find(from);
    result += text.substr(0, at);
    if (at == text.npos) break;
    result += to;
    text.remove_prefix(at + from.size());
  }
  return result;
}

std::optional<std::string> by_pattern(const RewriteRule& rule,
                                      const std::string& name) {
  std::vector<std::string_view> groups;
  if (!rule.test.pattern->match(name, groups)) return std::nullopt;
  // A text that is too long is not a name, and neither is this one.
  return with_groups(rule.to, groups).value_or("..");
}

// True when the rule applies to `name`.
bool passes(const NameTest& test, const std::string& name) {
  switch (test.how) {
    case How::kExact:
      return name == test.text;
    case How::kPrefix:
      return name.starts_with(test.text);
    case How::kSuffix:
      return name.ends_with(test.text);
    case How::kSubstring:
      return name.find(test.text) != std::string::npos;
    case How::kRegex:
      return test.pattern->matches(name);
  }
  return false;
}

// The name that the rule makes of `name`; nothing when it does not apply.
std::optional<std::string> changed(const RewriteRule& rule,
                                   const std::string& name) {
  const std::string& from = rule.test.text;
  if (rule.test.how == How::kRegex) return by_pattern(rule, name);
  if (!passes(rule.test, name)) return std::nullopt;
  switch (rule.test.how) {
    case How::kPrefix:
      return rule.to + name.substr(from.size());
    case How::kSuffix:
      return name.substr(0, name.size() - from.size()) + rule.to;
    case How::kSubstring:
      return with_each_replaced(name, from, rule.to);
    default:
      return rule.to;
  }
}

// Applies the rule to the query so far.
RewriteOutcome apply(const RewriteRule& rule, std::string& name, Query& query) {
  using Field = RewriteRule::Field;
  if (rule.field == Field::kTtl) {
    return passes(rule.test, name) ? RewriteOutcome::kRewritten
                                   : RewriteOutcome::kUnchanged;
  }
  if (rule.field == Field::kType) {
    if (query.qtype != rule.type_from) return RewriteOutcome::kUnchanged;
    query.qtype = rule.type_to;
    return RewriteOutcome::kRewritten;
  }
  auto next = changed(rule, name);
  if (!next) return RewriteOutcome::kUnchanged;
  const auto valid = Name::from_text(*next);
  if (!valid) return RewriteOutcome::kBadName;
  query.qname = *valid;
  name = std::move(*next);
  return RewriteOutcome::kRewritten;
}

}  // namespace

std::string folded_text(NameView name) {
  std::string text = name.to_text();
  for (char& letter : text) {
    letter = static_cast<char>(fold(static_cast<std::uint8_t>(letter)));
  }
  return text;
}

RewriteOutcome rewrite(const Query& query, const SharedRewrites& rewrites,
                       RewrittenQuery& result) {
  result.looked_up = query;
  result.steps.clear();
  std::string name = folded_text(query.qname);
  for (const RewriteRule& rule : rewrites->rules) {  // at most kMostRules
    std::string before = name;
    const RewriteOutcome outcome = apply(rule, name, result.looked_up);
    if (outcome == RewriteOutcome::kUnchanged) continue;
    if (outcome == RewriteOutcome::kBadName) return outcome;
    result.steps.push_back({&rule, std::move(before), name});
    if (!rule.goes_on) break;
  }
  if (result.steps.empty()) return RewriteOutcome::kUnchanged;
  result.asked = query;
  result.rewrites = rewrites;
  return RewriteOutcome::kRewritten;
}

}  // namespace canopy
