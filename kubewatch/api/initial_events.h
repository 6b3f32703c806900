// Checks that the first events of a watch are a complete list.  A watch with
// sendInitialEvents=true begins with an ADDED event for every object, in any
// order.  Changes made meanwhile may come between them.  A bookmark with the
// annotation k8s.io/initial-events-end ends the list and has its resource
// version (KEP-3157; API concepts, "Streaming lists").
//
// Plain values, no threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

class InitialEvents {
 public:
  // The same limit as for a list in pages (list_progress.h).
  static constexpr std::uint64_t kMaxEvents = 5'000'000;
  // The most bookmarks before the one that ends the list.  API servers send
  // none.
  static constexpr std::size_t kMaxBookmarks = 16;

  // Takes one more event, which must not be an ERROR.  False when the list
  // cannot be completed; why() has the reason.
  bool take(const WatchEvent& event);

  // True after the last event of the list.
  bool ended() const { return ended_; }
  // The number of objects, counted from the events so far.
  std::uint64_t objects() const { return objects_; }
  const std::string& why() const { return why_; }

 private:
  bool take_bookmark(const WatchEvent& event);
  bool fail(std::string why);

  std::uint64_t events_ = 0;
  std::uint64_t objects_ = 0;
  std::size_t bookmarks_ = 0;
  bool ended_ = false;
  std::string why_;
};

}  // namespace canopy::kube
