#include "zones/zone_delta.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "zones/zone_store.h"

using namespace canopy;

namespace {

Record txt(std::string_view owner, std::string_view text,
           std::uint32_t ttl = 30) {
  return txt_record(*Name::from_text(owner), ttl, text);
}

std::vector<Record> all(const RecordList& list) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const RecordView one = list[i];
    records.push_back({Name(one.owner), one.type, one.ttl,
                       Octets(one.rdata.begin(), one.rdata.end())});
  }
  return records;
}

// Sorted lines, for comparing multisets.
std::vector<std::string> lines(const RecordList& records) {
  std::vector<std::string> text;
  for (const Record& record : all(records)) text.push_back(to_text(record));
  std::ranges::sort(text);
  return text;
}

}  // namespace

TEST_CASE("what is in both is left alone, as often as it is in both") {
  const Record a = txt("a", "1");
  const Record b = txt("b", "1");
  const Record c = txt("c", "1");
  const ZoneDelta delta = difference({a, b, b, b}, {c, b, a});
  CHECK(lines(delta.removals) == lines({b, b}));
  CHECK(lines(delta.additions) == lines({c}));
  CHECK(difference({a, b}, {b, a}).empty());
  CHECK(difference({}, {}).empty());
  CHECK(difference({a}, {}).removals.size() == 1);
  CHECK(difference({}, {a, a}).additions.size() == 2);
}

TEST_CASE("the owner's case makes no difference; type, TTL and rdata do") {
  CHECK(difference({txt("A.b", "1")}, {txt("a.B", "1")}).empty());
  const ZoneDelta ttl = difference({txt("a", "1", 30)}, {txt("a", "1", 60)});
  CHECK(ttl.removals.size() == 1);
  CHECK(ttl.additions.size() == 1);
  CHECK(ttl.additions[0].ttl == 60);
  CHECK_FALSE(difference({txt("a", "x")}, {txt("a", "X")}).empty());
  Record other = txt("a", "1");
  other.type = RrType{99};
  CHECK_FALSE(difference({txt("a", "1")}, {other}).empty());
}

TEST_CASE("before less the removals with the additions is after") {
  std::mt19937 random(3);
  const auto some = [&random] {
    std::vector<Record> records;
    for (unsigned i = random() % 40; i > 0; --i) {
      records.push_back(txt(std::string(1, "abAB"[random() % 4]),
                            std::string(1, "xyz"[random() % 3]),
                            30 + random() % 2));
    }
    return records;
  };
  for (int round = 0; round < 500; ++round) {
    const std::vector<Record> before = some();
    const std::vector<Record> after = some();
    const ZoneDelta delta = difference(before, after);
    std::vector<Record> result = before;
    const std::vector<Record> additions = all(delta.additions);
    for (const Record& record : all(delta.removals)) {
      const auto found = std::ranges::find(result, record);
      REQUIRE(found != result.end());
      result.erase(found);
    }
    result.insert(result.end(), additions.begin(), additions.end());
    REQUIRE(result.size() == after.size());
    CHECK(std::is_permutation(result.begin(), result.end(), after.begin()));
    for (const Record& record : all(delta.removals)) {
      CHECK(std::ranges::count(additions, record) == 0);
    }
  }
}
