// Finds a watch that has lost something: whether the objects it told of are as
// many as the API server says it has, at the same resource version.
//
// The claim is a list of one object: metadata.remainingItemCount says how many
// more there are, at metadata.resourceVersion.  The watch comes by that
// version sooner or later; there the counts must agree.  A version that lies
// behind the watch's own is a store that was restored from a backup.  What is
// changed and neither added nor deleted is not counted: for that there is a
// new list now and then (ReflectorTimes::relist).
//
// A Kubernetes API server's resource versions are numbers that grow (etcd
// revisions; KEP-5504).  Where they are not, nothing is claimed, and events are
// taken in the order they come.
//
// Plain values, no threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

class ConsistencyCheck {
 public:
  enum class Verdict {
    kNone,        // nothing can be said (yet)
    kSame,        // as many
    kDiffers,     // not as many
    kBackInTime,  // the server, or an event, is behind what it told us
  };

  // A full list with this many objects is complete.
  void listed(std::uint64_t objects, const std::string& resource_version);
  // An event of the watch, in order.  The verdict is about what was before it,
  // or kBackInTime: the event is older than what the watch told before and must
  // not be taken.  Each event's version is above the last one; a bookmark
  // may repeat it.
  Verdict saw(WatchEvent::Type type, const std::string& resource_version);
  // Reads the API server's count from a list of one object.
  Verdict claims(const ListEnvelope& list, std::uint64_t items);
  // A watch that began after the claim came to its proper end.
  Verdict watched_to_the_end();

  std::uint64_t objects() const { return objects_; }
  // The number of objects that the server claimed last.
  std::uint64_t claimed() const { return claimed_; }

 private:
  Verdict compare();

  std::uint64_t objects_ = 0;
  std::optional<std::uint64_t> version_;  // seen
  std::optional<std::uint64_t> pending_;  // the version of the claim
  std::uint64_t claimed_ = 0;
};

}  // namespace canopy::kube
