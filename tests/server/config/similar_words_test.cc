// The words that are suggested for misspelled ones.
#include "server/config/similar_words.h"

#include <doctest/doctest.h>

#include <array>

namespace canopy {
namespace {

constexpr std::array<std::string_view, 6> kKnown = {
    "kubernetes", "cache", "log", "loop", "force_tcp", "ttl"};

TEST_CASE("a word is suggested for one or two wrong letters") {
  CHECK(most_similar("kuberntes", kKnown) == "kubernetes");
  CHECK(most_similar("kubrenetes", kKnown) == "kubernetes");
  CHECK(most_similar("cahce", kKnown) == "cache");
  CHECK(most_similar("force-tcp", kKnown) == "force_tcp");
  CHECK(most_similar("cache", kKnown) == "cache");
}

TEST_CASE("a short word is suggested for one wrong letter only") {
  CHECK(most_similar("logs", kKnown) == "log");
  CHECK(most_similar("lop", kKnown) == "log");
  CHECK(most_similar("foo", kKnown).empty());
  CHECK(most_similar("t", kKnown).empty());
}

TEST_CASE("nothing is suggested for other and for very long words") {
  CHECK(most_similar("route53", kKnown).empty());
  CHECK(most_similar("", kKnown).empty());
  CHECK(most_similar(std::string(100'000, 'a'), kKnown).empty());
  CHECK(most_similar("cache", {}).empty());
}

}  // namespace
}  // namespace canopy
