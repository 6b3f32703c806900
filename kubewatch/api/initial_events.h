// Whether the first events of a watch lead to the end of the list that they
// are.  A watch that is asked for with sendInitialEvents=true begins with every
// object as an ADDED event, in no order; changes of the meantime may stand
// between them.  A bookmark with the annotation k8s.io/initial-events-end ends
// the list and has its resource version (KEP-3157; API concepts, "Streaming
// lists").
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
  // As many as a list in pages may have objects (list_progress.h).
  static constexpr std::uint64_t kMaxEvents = 5'000'000;
  // Bookmarks before the one that ends the list; API servers send none.
  static constexpr std::size_t kMaxBookmarks = 16;

  // One more event; no ERROR.  False: the list will not come to its end;
  // why() says so.
  bool take(const WatchEvent& event);

  // True after the last event of the list.
  bool ended() const { return ended_; }
  // How many objects there are, by the events so far.
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
