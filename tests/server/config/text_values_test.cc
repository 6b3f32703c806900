// The texts that --help shows parse to the values they represent.
#include "server/config/text_values.h"

#include <doctest/doctest.h>

namespace canopy {
namespace {

TEST_CASE("a duration's text is short, and reads back the same") {
  CHECK(duration_text(std::chrono::seconds(30)) == "30s");
  CHECK(duration_text(std::chrono::milliseconds(1500)) == "1500ms");
  CHECK(duration_text({}) == "0s");
  for (const int milliseconds : {0, 1, 999, 1000, 90'000, 86'400'000}) {
    const std::chrono::milliseconds value(milliseconds);
    CHECK(duration_value(duration_text(value)) == value);
  }
}

TEST_CASE("a size's text has the largest unit, and reads back the same") {
  CHECK(size_text(0) == "0");
  CHECK(size_text(1023) == "1023");
  CHECK(size_text(32 << 20) == "32M");
  CHECK(size_text(3ull << 40) == "3072G");
  for (const std::uint64_t octets : {1ull, 1024ull, 1536ull, 5ull << 30}) {
    CHECK(size_value(size_text(octets)) == octets);
  }
}

TEST_CASE("a domain's text has no dot at its end, but for the root") {
  CHECK(domain_text(*Name::from_text("cluster.local")) == "cluster.local");
  CHECK(domain_text(Name()) == ".");
}

}  // namespace
}  // namespace canopy
