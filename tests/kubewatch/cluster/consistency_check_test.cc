#include "kubewatch/cluster/consistency_check.h"

#include <doctest/doctest.h>

using namespace canopy::kube;

namespace {

using Verdict = ConsistencyCheck::Verdict;
using Type = WatchEvent::Type;

// A list of one that says how many more there are.
ListEnvelope list_at(const std::string& version, std::uint64_t more) {
  ListEnvelope list;
  list.resource_version = version;
  if (more > 0) {
    list.continue_token = "next";
    list.remaining_items = more;
  }
  return list;
}

}  // namespace

TEST_CASE("as many objects at the same resource version are the same") {
  ConsistencyCheck check;
  check.listed(3, "100");
  CHECK(check.claims(list_at("100", 2), 1) == Verdict::kSame);
  CHECK(check.claims(list_at("100", 1), 1) == Verdict::kDiffers);
  CHECK(check.claimed() == 2);
  check.listed(0, "100");
  CHECK(check.claims(list_at("100", 0), 0) == Verdict::kSame);
}

TEST_CASE("a claim about later is judged when the watch is there") {
  ConsistencyCheck check;
  check.listed(3, "100");
  CHECK(check.saw(Type::kAdded, "110") == Verdict::kNone);
  CHECK(check.claims(list_at("120", 3), 1) == Verdict::kNone);  // 4
  CHECK(check.saw(Type::kModified, "115") == Verdict::kNone);
  CHECK(check.saw(Type::kAdded, "130") == Verdict::kSame);  // 4 before it
  CHECK(check.objects() == 5);
  // Up to the version of the claim, the events are part of it.
  CHECK(check.claims(list_at("140", 3), 1) == Verdict::kNone);  // 4
  CHECK(check.saw(Type::kDeleted, "140") == Verdict::kNone);
  CHECK(check.saw(Type::kBookmark, "140") == Verdict::kSame);
  // An event that never came.
  CHECK(check.claims(list_at("150", 4), 1) == Verdict::kNone);  // 5
  CHECK(check.saw(Type::kBookmark, "149") == Verdict::kNone);
  CHECK(check.saw(Type::kBookmark, "151") == Verdict::kDiffers);
  CHECK(check.saw(Type::kBookmark, "152") == Verdict::kNone);  // said once
}

TEST_CASE("the proper end of a watch is a claim's too") {
  ConsistencyCheck check;
  check.listed(3, "100");
  CHECK(check.watched_to_the_end() == Verdict::kNone);
  check.claims(list_at("120", 3), 1);
  CHECK(check.watched_to_the_end() == Verdict::kDiffers);
  check.claims(list_at("120", 2), 1);
  CHECK(check.watched_to_the_end() == Verdict::kSame);
}

TEST_CASE("a version behind ours is a store that went back in time") {
  ConsistencyCheck check;
  check.listed(3, "100");
  check.saw(Type::kBookmark, "500");
  CHECK(check.claims(list_at("499", 2), 1) == Verdict::kBackInTime);
  check.listed(3, "499");
  CHECK(check.claims(list_at("499", 2), 1) == Verdict::kSame);
}

TEST_CASE("an event is newer than those before it, or not to be taken") {
  ConsistencyCheck check;
  check.listed(3, "100");
  CHECK(check.saw(Type::kModified, "100") == Verdict::kBackInTime);
  CHECK(check.saw(Type::kModified, "110") == Verdict::kNone);
  CHECK(check.saw(Type::kBookmark, "110") == Verdict::kNone);
  CHECK(check.saw(Type::kBookmark, "120") == Verdict::kNone);
  for (const Type type : {Type::kAdded, Type::kModified, Type::kDeleted}) {
    CHECK(check.saw(type, "120") == Verdict::kBackInTime);
    CHECK(check.saw(type, "9") == Verdict::kBackInTime);  // a number, no text
  }
  CHECK(check.saw(Type::kBookmark, "119") == Verdict::kBackInTime);
  CHECK(check.objects() == 3);
  CHECK(check.saw(Type::kAdded, "121") == Verdict::kNone);
  // Without numbers there is no order.
  CHECK(check.saw(Type::kAdded, "b") == Verdict::kNone);
  CHECK(check.saw(Type::kAdded, "a") == Verdict::kNone);
  CHECK(check.saw(Type::kAdded, "") == Verdict::kNone);
  CHECK(check.saw(Type::kAdded, "18446744073709551616") == Verdict::kNone);
}

TEST_CASE("where nothing is known, nothing is said") {
  ConsistencyCheck check;
  check.listed(3, "100");
  ListEnvelope selected = list_at("100", 9);
  selected.remaining_items.reset();  // with a label selector
  CHECK(check.claims(selected, 1) == Verdict::kNone);
  CHECK(check.watched_to_the_end() == Verdict::kNone);
  CHECK(check.claims(list_at("opaque", 9), 1) == Verdict::kNone);
  check.listed(3, "opaque");
  CHECK(check.claims(list_at("100", 9), 1) == Verdict::kNone);
}
