#include "kubewatch/api/initial_events.h"

#include <utility>

namespace canopy::kube {

bool InitialEvents::fail(std::string why) {
  why_ = std::move(why);
  return false;
}

bool InitialEvents::take(const WatchEvent& event) {
  using Type = WatchEvent::Type;
  if (event.type == Type::kBookmark) return take_bookmark(event);
  if (++events_ > kMaxEvents) {
    return fail("more than " + std::to_string(kMaxEvents) + " events");
  }
  if (event.type == Type::kAdded) ++objects_;
  if (event.type == Type::kDeleted && objects_ > 0) --objects_;
  return true;
}

bool InitialEvents::take_bookmark(const WatchEvent& event) {
  if (event.ends_initial_events) {
    // The watch could not resume from there.
    if (event.resource_version.empty()) {
      return fail("its last bookmark has no resource version");
    }
    ended_ = true;
    return true;
  }
  if (++bookmarks_ <= kMaxBookmarks) return true;
  return fail("more than " + std::to_string(kMaxBookmarks) +
              " bookmarks, none of them its end");
}

}  // namespace canopy::kube
