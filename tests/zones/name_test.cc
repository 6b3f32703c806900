#include "zones/name.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "zones/ldns_wrapper.h"
#include "zones/rrset.h"

using namespace canopy;

namespace {

Name name(std::string_view text) { return Name::from_text(text).value(); }

// `count` labels of `size` octets each.
std::string labels(std::size_t count, std::size_t size, char fill = 'a') {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::string(size, fill) + '.';
  return text;
}

// A name that ldns reads back, octet for octet.
Name random_name(std::mt19937& random) {
  Name made;
  for (unsigned i = random() % 6; i > 0; --i) {
    std::string label;
    for (unsigned n = 1 + random() % 20; n > 0; --n) {
      label += static_cast<char>(random());
    }
    made.append(label);
  }
  return made;
}

}  // namespace

TEST_CASE("names are read from text and written as text") {
  struct Row {
    std::string_view text;
    std::string_view same;
  };
  const Row rows[] = {
      {".", "."},
      {"a", "a."},
      {"a.", "a."},
      {"Db.Prod.svc.cluster.LOCAL", "Db.Prod.svc.cluster.LOCAL."},
      {"_http._tcp.web.", "_http._tcp.web."},
      {R"(a\.b.c.)", R"(a\.b.c.)"},
      {R"(a\046b.c.)", R"(a\.b.c.)"},
      {R"(\000\032\255.)", R"(\000\032\255.)"},
      {R"(back\\slash.)", R"(back\\slash.)"},
      {R"(\"quoted\;\(text\)\@\$.)", R"(\"quoted\;\(text\)\@\$.)"},
      {R"(\065\x.)", "Ax."},
      {"*.x.", "*.x."},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(name(row.text).to_text() == row.same);
  }
}

TEST_CASE("text that is no name is refused") {
  const std::string rows[] = {
      "",
      "..",
      ".a",
      "a..",
      "a..b",
      "a\\",
      R"(a\1)",
      R"(a\12)",
      R"(a\256)",
      R"(a\25x)",
      labels(1, 64),
      labels(1, 64) + "com",
      labels(4, 63),                         // 4 * 64 + 1 = 257 octets
      labels(3, 63) + std::string(62, 'b'),  // 256 octets
      labels(128, 1),
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK_FALSE(Name::from_text(row));
  }
}

TEST_CASE("a name has at most 255 octets, 127 labels, 63 octets a label") {
  const std::string longest = labels(3, 63) + std::string(61, 'b');
  CHECK(name(longest).size() == 255);
  CHECK(name(longest).to_text() == longest + '.');
  CHECK(name(labels(127, 1)).view().label_count() == 127);
  CHECK(name(labels(127, 1)).view().labels().size() == 127);
  CHECK_FALSE(name(longest).child("x"));
  CHECK_FALSE(name("a").child(""));
  CHECK_FALSE(name("a").child(std::string(64, 'x')));
  CHECK(name("b.c").child("a") == name("a.b.c"));

  Name grown = name(labels(3, 63) + std::string(59, 'b'));  // 253 octets
  CHECK(grown.append("x"));
  CHECK_FALSE(grown.append("x"));
  CHECK(grown.size() == 255);
}

TEST_CASE("names are read from wire form and no further than it reaches") {
  const std::uint8_t wire[] = {1, 'a', 2, 'b', 'c', 0, 9, 9};
  CHECK(Name::from_wire(wire) == name("a.bc"));
  const std::span<const std::uint8_t> whole(wire);
  for (std::size_t size = 0; size < 6; ++size) {
    CHECK_FALSE(Name::from_wire(whole.first(size)));
  }
  const std::uint8_t pointer[] = {0xC0, 0};
  CHECK_FALSE(Name::from_wire(pointer));
  std::vector<std::uint8_t> too_long;
  for (int i = 0; i < 128; ++i) too_long.insert(too_long.end(), {1, 'a'});
  too_long.push_back(0);  // 257 octets
  CHECK_FALSE(Name::from_wire(too_long));
  too_long.erase(too_long.begin(), too_long.begin() + 2);  // 255
  CHECK(Name::from_wire(too_long));
}

TEST_CASE("names compare and hash without regard to case") {
  CHECK(name("WWW.Example.COM") == name("www.example.com"));
  CHECK(name("www.example.com") != name("www.example.con"));
  CHECK(name("a.b") != name(R"(a\.b)"));
  // The octets around the letters are not letters.
  CHECK(name("@[`{") != name("`{@["));
  CHECK(name("@") != name("`"));
  CHECK(name("[") != name("{"));
  CHECK(name(R"(\193)") != name(R"(\225)"));
  CHECK(name("WWW.Example.COM").to_text() == "WWW.Example.COM.");
  const auto hash = [](std::string_view text) {
    return hash_folded(name(text).wire(), 7);
  };
  CHECK(hash("WWW.Example.COM") == hash("www.example.com"));
  CHECK(hash("www.example.com") != hash("www.example.con"));
}

TEST_CASE("every octet folds as ASCII does, in every position of a word") {
  for (unsigned octet = 0; octet < 256; ++octet) {
    for (std::size_t at = 0; at < 17; ++at) {
      std::string a(17, 'q');
      a[at] = static_cast<char>(octet);
      std::string b = a;
      const bool upper = octet >= 'A' && octet <= 'Z';
      const bool lower = octet >= 'a' && octet <= 'z';
      b[at] = static_cast<char>(octet ^ 0x20);
      CHECK(equal_folded(a, b) == (upper || lower));
      CHECK(equal_folded(a, a));
    }
  }
  CHECK_FALSE(equal_folded("ab", "abc"));
  CHECK(equal_folded("", ""));
  CHECK(equal_folded({}, {}));  // of null pointers
}

TEST_CASE("subdomains end in the ancestor's labels, not only in its letters") {
  struct Row {
    std::string_view name;
    std::string_view ancestor;
    bool is;
  };
  const Row rows[] = {
      {"a.example", "example", true},
      {"a.b.Example", "EXAMPLE", true},
      {"example", "example", true},
      {"example", ".", true},
      {".", ".", true},
      {".", "example", false},
      {"anexample", "example", false},
      {"xcluster.local", "cluster.local", false},
      {R"(x\.cluster.local)", "cluster.local", false},
      // The last octets of the label spell the ancestor's wire form.
      {R"(x\007example)", "example", false},
      {R"(x\001a\001b)", "a.b", false},
      {"example", "a.example", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(name(row.name).view().is_subdomain_of(name(row.ancestor)) == row.is);
  }
}

TEST_CASE("a name's labels go from left to right") {
  const Name three = name("a.bb.CCC");
  const Labels parts = three.view().labels();
  CHECK(parts.size() == 3);
  CHECK(parts[0] == "a");
  CHECK(parts[2] == "CCC");
  CHECK(three.view().first_label() == "a");
  CHECK(three.view().parent() == name("bb.ccc"));
  CHECK(three.view().parent().parent().parent().is_root());
}

TEST_CASE("random names survive text and wire, and ldns reads the same") {
  std::mt19937 random(4);
  for (int i = 0; i < 2000; ++i) {
    const Name made = random_name(random);
    const std::string text = made.to_text();
    CAPTURE(text);
    const Name again = name(text);
    CHECK(std::ranges::equal(again.wire(), made.wire()));
    CHECK(Name::from_wire(made.wire()) == made);
    ldns_rdf* rdf = ldns_dname_new_frm_str(text.c_str());
    REQUIRE(rdf != nullptr);
    CHECK(std::ranges::equal(
        made.wire(), std::span(ldns_rdf_data(rdf), ldns_rdf_size(rdf))));
    ldns_rdf_deep_free(rdf);
  }
}

TEST_CASE("no pair of names collides whatever the seed") {
  // What a product of 64 bits passes on unchanged: the highest bit.
  const std::string one(24, 'a');
  std::string other = one;
  other[7] ^= '\x80';
  other[11] ^= '\x80';
  other[15] ^= '\x80';
  const auto hash = [](std::string_view text, std::uint64_t seed) {
    return hash_exact(
        {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
        seed);
  };
  for (const std::uint64_t seed : {0UL, 1UL, 0x123456789abcdefUL}) {
    CHECK(hash(one, seed) != hash(other, seed));
  }
}

TEST_CASE("hashes of many names do not collide") {
  std::map<std::uint64_t, std::string> seen;
  for (int i = 0; i < 100000; ++i) {
    const std::string label = "svc-" + std::to_string(i);
    const auto hash = hash_folded(
        {reinterpret_cast<const std::uint8_t*>(label.data()), label.size()}, 0);
    CHECK(seen.emplace(hash, label).second);
  }
}
