// Connects the sources of objects with the zones.  Takes in listed and watched
// objects, publishes the zones, and keeps the status.
//
// Threads: any; one mutex.  Sources decode before they call.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kubewatch/cluster/cluster_zones.h"
#include "kubewatch/cluster/watch_status.h"
#include "kubewatch/objects/snapshot.h"
#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

struct ClusterWatchOptions : ClusterZonesOptions {
  std::function<WallTime()> clock = std::chrono::system_clock::now;
  // Called once, on a source's thread, when the first full data is published.
  std::function<void()> on_synced = [] {};
};

// A full list in progress.  At its end, those objects of `replaces` that the
// list did not contain are removed.
struct Listing {
  Origin origin = 0;
  Origin replaces = 0;           // 0: none
  std::vector<Origin> stronger;  // origins whose objects stay
};

class ClusterWatch {
 public:
  ClusterWatch(ClusterWatchOptions options, ZoneStore& zones);
  ClusterWatch(const ClusterWatch&) = delete;
  ClusterWatch& operator=(const ClusterWatch&) = delete;

  const ClusterWatchOptions& options() const { return options_; }
  // The kinds that must be listed before anything is published.
  std::vector<ObjectKind> watched_kinds() const;

  // --- a list: its objects, then its end.  Nothing is published in between.
  Origin new_origin();
  enum class Put {
    kTaken,     // was taken in, or is filtered out
    kRepeated,  // replaced one of the same list or a weaker one
    kShadowed,  // ignored: a stronger list has this object
  };
  Put put(const Listing& listing, DecodedObject&& object);
  // The object cannot be read: its last version is kept.
  void keep(const Listing& listing, const MalformedObject& object);
  // Takes one of a watch's first events if these are a list.  REQUIRES: the
  // event is not a bookmark.
  void put_event(const Listing& listing, WatchEvent&& event);
  // The list is complete.  Removes old objects, and publishes if every kind has
  // been listed.
  void finish(const Listing& listing, ObjectKind kind,
              const std::string& resource_version);
  // The list failed before its end.  Objects that the list added stay, and get
  // the origin that the list was to replace.
  void abandon(const Listing& listing);
  // For a source whose lists contain all kinds: sweep each list, then publish.
  void sweep(const Listing& listing);
  void finish_all();

  // --- a watch: one event, published at once.
  void apply(Origin origin, ObjectKind kind, WatchEvent&& event);
  void note_watch(ObjectKind kind);
  // Counts a finished list that consisted of a watch's first events.
  void note_streamed_list(ObjectKind kind);
  // note_contact(): the API server responded.  note_failure(): it did not.
  void note_contact(ObjectKind kind);
  void note_failure(ObjectKind kind);
  void note_frozen(ObjectKind kind);
  void note_check(ObjectKind kind, bool same);
  // Counts an event that was older than the one before it and was ignored.
  void note_back_in_time(ObjectKind kind);
  void note_manifests(std::uint64_t broken_files);

  // --- a snapshot.  Its objects are served for kinds without a list.  The
  // first list of a kind replaces them one by one.
  // Returns the number of objects taken in; publishes.
  std::size_t restore(const Snapshot& snapshot);
  // Passes the octets of snapshot_namespace() for each namespace to `sink`.
  // The mutex is held for one namespace at a time.
  void save(const std::function<void(std::string_view)>& sink) const;
  void note_snapshot(const SnapshotStatus& status);
  // True while answers come from a snapshot.  Any thread; costs one load.
  const std::atomic<bool>& is_stale() const { return stale_; }

  WatchStatus status() const;

 private:
  Put put_one(const Listing& listing, Object&& object);
  void keep_one(const Listing& listing, const MalformedObject& object);
  void take_back(const Listing& listing, ObjectKind kind, const ObjectKey& key);
  Origin replaced_by(const Listing& listing) const;
  void sweep_kind(ObjectKind kind, Origin origin);
  bool every_kind_is_synced() const;
  void note_list(ObjectKind kind);
  // Takes the lock, so that it can release the lock before calling on_synced.
  void publish_list(std::unique_lock<std::mutex> lock);
  void publish();
  void observe_latencies();
  void take_event(Origin origin, WatchEvent&& event);
  void count_event(ObjectKind kind, const WatchEvent& event);
  void note_malformed(const MalformedObject& object);
  // Counts and logs the fields of `decoded` that could not be read.
  void note_gaps(DecodedObject& decoded);
  // Logs `text`, unless it was the last warning about this object.
  void complain(ObjectKind kind, const ObjectKey& key, const std::string& text);
  void note_left_out(const Object& object, std::string left_out);
  std::size_t count_cut(ObjectKind kind) const;
  KindStatus& of(ObjectKind kind) {
    return status_.kinds[static_cast<std::size_t>(kind)];
  }

  const ClusterWatchOptions options_;
  std::atomic<bool> stale_ = false;

  mutable std::mutex mutex_;  // guards everything below
  ClusterZones zones_;
  WatchStatus status_;
  Origin last_origin_ = 0;
  Origin snapshot_ = 0;  // origin of the snapshot's objects; 0: none
  // The last warning about each unreadable object, so that it is logged once.
  std::map<std::pair<ObjectKind, ObjectKey>, std::string> complaints_;
  // Objects that were logged as not served whole, and whether they are still
  // cut.
  std::map<std::pair<ObjectKind, ObjectKey>, bool> cut_;
};

}  // namespace canopy::kube
