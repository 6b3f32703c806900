// Detects a watch that lost events: compares the number of watched objects with
// the number that the API server reports for the same resource version.
//
// The server's claim comes from a list of one object:
// metadata.remainingItemCount is the number of further objects at
// metadata.resourceVersion.  When the watch reaches that version, the counts
// must agree.  If the version is lower than the watch's own, the store was
// restored from a backup.  Lost modifications do not affect the count; the
// regular new list (ReflectorTimes::relist) repairs them.
//
// Resource versions of a Kubernetes API server are increasing numbers (etcd
// revisions; KEP-5504).  If they are not numbers, there are no claims, and
// events are taken in the order of their arrival.
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
    kNone,        // unknown (yet)
    kSame,        // the counts agree
    kDiffers,     // the counts differ
    kBackInTime,  // the server or an event is older than the watch
  };

  // A full list is complete and has this many objects.
  void listed(std::uint64_t objects, const std::string& resource_version);
  // Takes an event of the watch, in order.  The verdict is about the events
  // before this one.  With kBackInTime the event is older than earlier ones and
  // must be ignored.  The version of each event must be higher than the last
  // one, but a bookmark may repeat it.
  Verdict saw(WatchEvent::Type type, const std::string& resource_version);
  // Reads the API server's count from a list of one object.
  Verdict claims(const ListEnvelope& list, std::uint64_t items);
  // The watch that began after the claim has ended regularly.
  Verdict watched_to_the_end();

  std::uint64_t objects() const { return objects_; }
  // The last number of objects that the server claimed.
  std::uint64_t claimed() const { return claimed_; }

 private:
  Verdict compare();

  std::uint64_t objects_ = 0;
  std::optional<std::uint64_t> version_;  // the last one seen
  std::optional<std::uint64_t> pending_;  // the version of the claim
  std::uint64_t claimed_ = 0;
};

}  // namespace canopy::kube
