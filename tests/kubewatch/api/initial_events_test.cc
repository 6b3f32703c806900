#include "kubewatch/api/initial_events.h"

#include <doctest/doctest.h>

#include <string>

using namespace canopy::kube;

namespace {

using Type = WatchEvent::Type;

WatchEvent of(Type type) {
  WatchEvent event;
  event.type = type;
  event.resource_version = "9";
  return event;
}

WatchEvent last() {
  WatchEvent event = of(Type::kBookmark);
  event.ends_initial_events = true;
  return event;
}

}  // namespace

TEST_CASE("initial events end with their bookmark, and with no other") {
  InitialEvents events;
  for (const Type type : {Type::kAdded, Type::kAdded, Type::kModified,
                          Type::kBookmark, Type::kDeleted, Type::kUnknown}) {
    CHECK(events.take(of(type)));
    CHECK_FALSE(events.ended());
  }
  CHECK(events.take(last()));
  CHECK(events.ended());
  CHECK(events.objects() == 1);
  CHECK(events.why().empty());
}

TEST_CASE("an empty list is a bookmark") {
  InitialEvents events;
  CHECK(events.take(last()));
  CHECK(events.ended());
  CHECK(events.objects() == 0);
}

TEST_CASE("initial events without end are given up, and why") {
  InitialEvents bookmarks, objects;
  std::uint64_t taken = 0;
  while (bookmarks.take(of(Type::kBookmark))) ++taken;
  CHECK(taken == InitialEvents::kMaxBookmarks);
  CHECK(bookmarks.why() == "more than 16 bookmarks, none of them its end");
  taken = 0;
  // Changes are as endless as objects.
  const WatchEvent kinds[] = {of(Type::kAdded), of(Type::kModified),
                              of(Type::kDeleted), of(Type::kUnknown)};
  while (objects.take(kinds[taken % 4])) ++taken;
  CHECK(taken == InitialEvents::kMaxEvents);
  CHECK(objects.why() == "more than 5000000 events");
}

TEST_CASE("an end without a resource version is none") {
  InitialEvents events;
  WatchEvent end = last();
  end.resource_version.clear();
  CHECK_FALSE(events.take(end));
  CHECK_FALSE(events.ended());
  CHECK(events.why() == "its last bookmark has no resource version");
}
