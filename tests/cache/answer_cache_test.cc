#include "cache/answer_cache.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>

#include "cache/ttl_rules.h"
#include "tests/support/query_message.h"

using namespace canopy;
using test::query_from_text;
using namespace std::chrono_literals;
using Found = AnswerCache::Found;
using Origin = AnswerFacts::Origin;

namespace {

constexpr TimePoint kNow{1000s};

CacheKey key(std::string_view question) {
  return CacheKey(query_from_text(question));
}

CacheKey numbered(std::string_view prefix, int number) {
  return key(std::string(prefix) + std::to_string(number) + ".example. A");
}

// Octets stand for a message; the cache does not look into it.
StoredAnswer answer(std::string_view message, Origin origin, Serial serial,
                    std::chrono::seconds lifetime = 60s,
                    std::uint64_t upstreams = 0) {
  const Octets octets(message.begin(), message.end());
  const std::uint16_t ttls[] = {1, 2, 3};
  const RrsetSpan rrsets[] = {{4, 5, 6, Section::kAnswer, true},
                              {7, 8, 9, Section::kAdditional, false}};
  const EncodedAnswer encoded{octets, ttls, rrsets};
  const Editions made_from{serial, upstreams};
  StoredAnswer stored;
  if (origin == Origin::kZone) {
    stored.make_of_zone(encoded, made_from);
  } else {
    stored.make_of_upstream(encoded, {origin, made_from, kNow}, lifetime, true);
  }
  return stored;
}

StoredAnswer upstream(std::string_view message,
                      std::chrono::seconds lifetime = 60s) {
  return answer(message, Origin::kUpstream, 0, lifetime);
}

std::string message_of(const StoredAnswer& stored) {
  const auto message = stored.answer().message;
  return std::string(message.begin(), message.end());
}

// "current: text", "outdated", "outdated: text", "stale: text", or "no".
std::string look(AnswerCache& cache, const CacheKey& wanted,
                 const Editions& published, TimePoint now = kNow) {
  StoredAnswer found;
  switch (cache.find(wanted, published, now, found)) {
    case Found::kNo:
      return "no";
    case Found::kCurrent:
      return "current: " + message_of(found);
    case Found::kOutdated:
      return found.facts().origin == Origin::kZone
                 ? "outdated"
                 : "outdated: " + message_of(found);
    case Found::kStale:
      return "stale: " + message_of(found);
  }
  return "?";
}

std::string look(AnswerCache& cache, const CacheKey& wanted,
                 Serial published = 1, TimePoint now = kNow) {
  return look(cache, wanted, Editions{.zones = published}, now);
}

bool has(AnswerCache& cache, const CacheKey& wanted) {
  return look(cache, wanted) != "no";
}

}  // namespace

TEST_CASE("what was stored is found, whole") {
  AnswerCache cache({});
  // An odd size: what follows the message must still be aligned.
  for (const std::string_view text : {"message", "messages", "x", ""}) {
    cache.insert(key("a. A"), upstream(text));
    StoredAnswer found;
    REQUIRE(cache.find(key("a. A"), {1, 0}, kNow, found) == Found::kCurrent);
    CHECK(message_of(found) == text);
    CHECK(found.facts().stored == kNow);
    const EncodedAnswer encoded = found.answer();
    CHECK(encoded.ttl_offsets.size() == 3);
    CHECK(encoded.ttl_offsets[2] == 3);
    REQUIRE(encoded.rrsets.size() == 2);
    CHECK(encoded.rrsets[0].rotates);
    CHECK(encoded.rrsets[1].offset == 7);
    CHECK(encoded.rrsets[1].section == Section::kAdditional);
  }
}

TEST_CASE("one answer serves a question in any case, and no other question") {
  AnswerCache cache({});
  cache.insert(key("www.example. A"), upstream("x"));
  CHECK(has(cache, key("WWW.Example. A")));
  // What the reply is made with, not what is stored.
  CHECK(has(cache, key("www.example. A +edns=4096")));
  CHECK(has(cache, key("www.example. A +norec")));
  CHECK_FALSE(has(cache, key("www.example. AAAA")));
  CHECK_FALSE(has(cache, key("www.example. A +do")));
  CHECK_FALSE(has(cache, key("www.example. A +cd")));
  CHECK_FALSE(has(cache, key("www.example. A +ch")));
  CHECK_FALSE(has(cache, key("ww.example. A")));
  CHECK_FALSE(has(cache, key(R"(www\.example. A)")));
}

TEST_CASE("a zone's answer is good for one serial and never expires") {
  AnswerCache cache({});
  cache.insert(key("a. A"), answer("x", Origin::kZone, 7));
  CHECK(look(cache, key("a. A"), 7, kNow + 24h) == "current: x");
  CHECK(look(cache, key("a. A"), 8) == "outdated");
  // It is gone: an older reader does not find it either.
  CHECK(look(cache, key("a. A"), 7) == "no");
  CHECK(cache.totals().entries == 0);
}

TEST_CASE("an older serial than published counts as outdated, a newer too") {
  AnswerCache cache({});
  cache.insert(key("a. A"), answer("x", Origin::kZone, 7));
  CHECK(look(cache, key("a. A"), 6) == "outdated");
}

TEST_CASE("an upstream's answer lives by its TTL, whatever is published") {
  AnswerCache cache({});
  cache.insert(key("a. A"), upstream("x", 60s));
  CHECK(look(cache, key("a. A"), 99, kNow + 59s) == "current: x");
  CHECK(look(cache, key("a. A"), 99, kNow + 60s) == "stale: x");
  CHECK(look(cache, key("a. A"), 99, kNow + 60s + kMaxStale - 1ns) ==
        "stale: x");
  CHECK(look(cache, key("a. A"), 99, kNow + 60s + kMaxStale) == "no");
  CHECK(cache.totals().entries == 0);
  CHECK(cache.totals().octets == 0);
}

TEST_CASE("what does not exist is stale for a shorter time") {
  AnswerCache cache({});
  StoredAnswer denial;
  denial.make_of_upstream({}, {.asked = kNow}, 60s, false);
  cache.insert(key("a. A"), denial);
  CHECK(look(cache, key("a. A"), 1, kNow + 60s) == "stale: ");
  CHECK(look(cache, key("a. A"), 1, kNow + 60s + kMaxNegativeStale) == "no");
}

TEST_CASE("a failure is remembered from its end on, and is never stale") {
  AnswerCache cache({});
  StoredAnswer failure;
  failure.make_failure({}, {.asked = kNow}, 3s);
  cache.insert(key("a. A"), failure);
  CHECK(look(cache, key("a. A"), 1, kNow + 3s) == "current: ");
  CHECK(look(cache, key("a. A"), 1, kNow + 3s + kFailureLifetime) == "no");
}

TEST_CASE("what is told though it is stale lasts until upstreams are retried") {
  AnswerCache cache({});
  StoredAnswer stored = answer("old text", Origin::kUpstreamBehindZone, 7);
  REQUIRE(stored.is_usable(kNow + 1h));
  stored.make_stale(8, kNow + 1h);
  cache.insert(key("a. A"), stored);
  CHECK(look(cache, key("a. A"), 8, kNow + 1h).starts_with("current: "));
  CHECK(look(cache, key("a. A"), 7, kNow + 1h).starts_with("outdated: "));
  CHECK(look(cache, key("a. A"), 8, kNow + 1h + kStaleRecheck)
            .starts_with("stale: "));
}

TEST_CASE("what other upstreams said is not found, a zone's answer neither") {
  AnswerCache cache({});
  for (const Origin origin :
       {Origin::kZone, Origin::kUpstream, Origin::kUpstreamBehindZone}) {
    cache.insert(key("a. A"), answer("x", origin, 7, 60s, 3));
    CHECK(look(cache, key("a. A"), Editions{7, 3}) == "current: x");
    CHECK(look(cache, key("a. A"), Editions{7, 4}) == "no");
    CHECK(look(cache, key("a. A"), Editions{7, 2}) == "no");
    CHECK(look(cache, key("a. A"), Editions{7, 3}) == "current: x");
  }
}

TEST_CASE("an answer behind a zone has both ends, and can be restamped") {
  AnswerCache cache({});
  cache.insert(key("a. A"), answer("x", Origin::kUpstreamBehindZone, 7, 60s));
  CHECK(look(cache, key("a. A"), 7) == "current: x");
  CHECK(look(cache, key("a. A"), 8) == "outdated: x");
  CHECK(look(cache, key("a. A"), 8) == "outdated: x");  // still there
  cache.restamp(key("a. A"), 8);
  CHECK(look(cache, key("a. A"), 8) == "current: x");
  CHECK(look(cache, key("a. A"), 8, kNow + 60s) == "stale: x");
  CHECK(look(cache, key("a. A"), 9, kNow + 60s) == "stale: x");
  cache.restamp(key("gone. A"), 9);
}

TEST_CASE("a second answer to one question takes the first's place") {
  AnswerCache cache({});
  cache.insert(key("a. A"), upstream("a long message that was first"));
  const std::size_t octets = cache.totals().octets;
  cache.insert(key("a. A"), upstream("short"));
  CHECK(look(cache, key("a. A")) == "current: short");
  CHECK(cache.totals().entries == 1);
  CHECK(cache.totals().octets < octets);
  CHECK(cache.totals().insertions == 2);
  CHECK(cache.totals().evictions == 0);
}

TEST_CASE("a flood of names asked once does not push out the popular ones") {
  for (const std::size_t entries : {100UL, 10000UL}) {
    CAPTURE(entries);
    AnswerCache cache({.entries = entries});
    const int popular = static_cast<int>(entries / 2);
    for (int i = 0; i < popular; ++i) {
      cache.insert(numbered("popular", i), upstream("x"));
      CHECK(has(cache, numbered("popular", i)));
    }
    const int flood = static_cast<int>(entries) * 20;
    for (int i = 0; i < flood; ++i) {
      cache.insert(numbered("flood", i), upstream("x"));
    }
    int left = 0;
    for (int i = 0; i < popular; ++i) {
      if (has(cache, numbered("popular", i))) ++left;
    }
    CHECK(left == popular);
    CHECK(cache.totals().entries <= entries);
    CHECK(cache.totals().evictions > 0);
  }
}

TEST_CASE("of names asked more than once the least recent go first") {
  AnswerCache cache({.entries = 10});  // 8 protected
  for (int i = 0; i < 10; ++i) {
    cache.insert(numbered("n", i), upstream("x"));
    CHECK(has(cache, numbered("n", i)));
  }
  CHECK(has(cache, numbered("n", 0)));  // recent again
  for (int i = 0; i < 2; ++i) cache.insert(numbered("new", i), upstream("x"));
  CHECK(has(cache, numbered("n", 0)));
  CHECK(has(cache, numbered("n", 9)));
  CHECK_FALSE(has(cache, numbered("n", 1)));
  CHECK_FALSE(has(cache, numbered("n", 2)));
}

TEST_CASE("of the popular names those still in use stay") {
  AnswerCache cache({.entries = 10});  // 8 protected
  for (int i = 0; i < 8; ++i) {
    cache.insert(numbered("n", i), upstream("x"));
    CHECK(has(cache, numbered("n", i)));
  }
  for (int i = 0; i < 4; ++i) CHECK(has(cache, numbered("n", i)));
  for (int i = 0; i < 4; ++i) {
    cache.insert(numbered("new", i), upstream("x"));
    CHECK(has(cache, numbered("new", i)));
  }
  for (int i = 0; i < 20; ++i) cache.insert(numbered("once", i), upstream("x"));
  for (int i = 0; i < 4; ++i) {
    CHECK(has(cache, numbered("n", i)));
    CHECK_FALSE(has(cache, numbered("n", 4 + i)));
    CHECK(has(cache, numbered("new", i)));
  }
}

TEST_CASE("all are in use, and one more comes") {
  AnswerCache cache({.entries = 1000});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 800; ++i) {
      if (round == 0) cache.insert(numbered("n", i), upstream("x"));
      CHECK(has(cache, numbered("n", i)));
    }
  }
  for (int i = 0; i < 100; ++i) {
    cache.insert(numbered("new", i), upstream("x"));
    CHECK(has(cache, numbered("new", i)));
  }
  CHECK(cache.totals().entries == 900);
}

TEST_CASE("the cache is bounded in entries") {
  for (const std::size_t entries : {0UL, 1UL, 2UL, 1023UL, 1024UL, 5000UL}) {
    CAPTURE(entries);
    AnswerCache cache({.entries = entries});
    for (int i = 0; i < 20000; ++i) {
      cache.insert(numbered("n", i), upstream("x"));
      if (i % 3 == 0) has(cache, numbered("n", i));
    }
    CHECK(cache.totals().entries <= entries);
    CHECK(cache.totals().entries >= entries - entries / 8);
    CHECK(cache.totals().insertions == 20000);
    CHECK(cache.totals().evictions + cache.totals().entries == 20000);
  }
}

TEST_CASE("the cache is bounded in octets") {
  constexpr std::size_t kOctets = 1 << 20;
  AnswerCache cache({.entries = 100000, .octets = kOctets});
  const std::string large(20000, 'x');
  for (int i = 0; i < 2000; ++i) {
    cache.insert(numbered("n", i), upstream(i % 2 == 0 ? large : "x"));
    if (i % 5 == 0) has(cache, numbered("n", i));
    CHECK(cache.totals().octets <= kOctets);
  }
  CHECK(cache.totals().octets > kOctets / 4);
}

TEST_CASE("an answer larger than the cache is not kept, others are") {
  AnswerCache cache({.entries = 10, .octets = 2000});
  cache.insert(key("small. A"), upstream("x"));
  REQUIRE(has(cache, key("small. A")));
  cache.insert(key("large. A"), upstream(std::string(5000, 'x')));
  CHECK_FALSE(has(cache, key("large. A")));
  CHECK(has(cache, key("small. A")));
}

TEST_CASE("all that was counted in is counted out") {
  AnswerCache cache({.entries = 50});
  for (int i = 0; i < 500; ++i) {
    const std::string text(static_cast<std::size_t>(i * 7 % 300), 'x');
    cache.insert(numbered("n", i % 90), upstream(text));
    has(cache, numbered("n", i * 13 % 90));
  }
  for (int i = 0; i < 90; ++i) {
    look(cache, numbered("n", i), 1, kNow + 60s + kMaxStale);
  }
  CHECK(cache.totals().entries == 0);
  CHECK(cache.totals().octets == 0);
}

TEST_CASE("threads share a cache") {
  AnswerCache cache({.entries = 2000});
  const auto work = [&cache](int seed) {
    for (int i = 0; i < 3000; ++i) {
      const int number = (i * 31 + seed * 7) % 3000;
      const CacheKey wanted = numbered("n", number);
      StoredAnswer found;
      const auto serial = static_cast<Serial>(i / 500);
      if (cache.find(wanted, {serial, 0}, kNow, found) == Found::kCurrent) {
        if (message_of(found) != std::to_string(number)) std::abort();
      } else {
        cache.insert(wanted,
                     answer(std::to_string(number),
                            number % 2 == 0 ? Origin::kZone
                                            : Origin::kUpstreamBehindZone,
                            serial));
        cache.restamp(wanted, serial);
      }
    }
  };
  std::thread threads[4];
  int seed = 0;
  for (std::thread& thread : threads) thread = std::thread(work, seed++);
  for (std::thread& thread : threads) thread.join();
  CHECK(cache.totals().entries <= 2000);
}
