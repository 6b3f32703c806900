#include "server/plan/name_pattern.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "healthz/configuration_error.h"

namespace canopy {
namespace {

// The parts of the match, separated by "|"; "-" when there is no match.
std::string parts(const std::string& pattern, const std::string& text) {
  const NamePattern compiled(pattern);
  std::vector<std::string_view> found;
  const bool matched = compiled.match(text, found);
  CHECK(compiled.matches(text) == matched);
  if (!matched) return "-";
  std::string joined;
  for (const std::string_view part : found) {
    if (!joined.empty()) joined += '|';
    joined += part;
  }
  return joined;
}

std::string fault_of(const std::string& pattern) {
  try {
    const NamePattern compiled(pattern);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "";
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("a pattern matches as in Go") {
  CHECK(parts("b", "abc.") == "b");  // anywhere
  CHECK(parts("^b", "abc.") == "-");
  CHECK(parts("(.*)\\.example\\.$", "a.b.example.") == "a.b.example.|a.b");
  CHECK(parts("(.*)\\.example$", "a.b.example.") == "-");  // the last dot
  CHECK(parts("a|ab", "ab.") == "a");  // the first alternative, as in Perl
  CHECK(parts("(a*?)(a*)", "aaa") == "aaa||aaa");
  CHECK(parts("(x)?a", "a") == "a|");  // a group without a part
  CHECK(parts("(?i)EXAMPLE", "an.example.") == "example");
  CHECK(parts("\\d+[[:alpha:]]\\pL", "12ab.") == "12ab");
  CHECK(parts("", "a.") == "");
}

TEST_CASE("groups of a pattern have names") {
  const NamePattern pattern("(a)(?P<rest>.*)");
  CHECK(pattern.groups() == 2);
  CHECK(pattern.group("rest") == 2);
  CHECK(pattern.group("other") == std::nullopt);
}

TEST_CASE("a pattern that cannot be compiled is a fault") {
  CHECK(fault_of("a(b").starts_with("is not a regular expression: "));
  CHECK(fault_of("(?=a)").starts_with("is not a regular expression: "));
  CHECK(fault_of("(a)\\1").starts_with("is not a regular expression: "));
  CHECK(fault_of("a{1001}").starts_with("is not a regular expression: "));
}

TEST_CASE("the size of a pattern is bounded") {
  using Pattern = NamePattern;
  CHECK(fault_of(repeated("a", Pattern::kMostInstructions - 1'000)).empty());
  CHECK(fault_of(repeated("a", Pattern::kMostOctets + 1)) ==
        "is longer than 10000 octets");
  // The library says so, or we do.
  CHECK(!fault_of("((abcdefgh){10}){1000}").empty());
  CHECK(!fault_of(repeated("(abcdefgh){1000}", 2)).empty());
  CHECK(fault_of(repeated("()", Pattern::kMostGroups)).empty());
  CHECK(fault_of(repeated("()", Pattern::kMostGroups + 1)) ==
        "has more than 100 groups");
}

TEST_CASE("groups are put into a text") {
  const std::vector<std::string_view> groups{"all", "one", "{1}"};
  const auto put = [&](std::string_view text) {
    return with_groups(text, groups);
  };
  CHECK(put("{1}.x.{0}") == "one.x.all");
  CHECK(put("{1}{1}") == "oneone");
  CHECK(put("{2}") == "{1}");  // not once more
  CHECK(put("{3}") == "{3}");  // no such group
  CHECK(put("{} {a} {1 {+1} {1}") == "{} {a} {1 {+1} one");
  CHECK(put("{") == "{");
  CHECK(put("") == "");
  CHECK(put(repeated("a", kMaxNameText)) == repeated("a", kMaxNameText));
  CHECK(put(repeated("a", kMaxNameText - 2) + "{1}") == std::nullopt);
  CHECK(put(repeated("a", kMaxNameText + 1)) == std::nullopt);
}

}  // namespace canopy
