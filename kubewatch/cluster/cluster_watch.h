// Where sources of objects meet the zones: takes in what they list and watch,
// publishes, and keeps account of it.
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

// A full list on its way in.  Objects of `replaces` that are not in it are
// gone at its end.
struct Listing {
  Origin origin = 0;
  Origin replaces = 0;           // 0: none
  std::vector<Origin> stronger;  // whose objects this list does not replace
};

class ClusterWatch {
 public:
  ClusterWatch(ClusterWatchOptions options, ZoneStore& zones);
  ClusterWatch(const ClusterWatch&) = delete;
  ClusterWatch& operator=(const ClusterWatch&) = delete;

  const ClusterWatchOptions& options() const { return options_; }
  // The kinds there must be a list of before anything is published.
  std::vector<ObjectKind> watched_kinds() const;

  // --- a list: objects in, then its end.  Nothing is published in between.
  Origin new_origin();
  enum class Put {
    kTaken,     // is in, or is filtered out
    kRepeated,  // is in, in place of one of the same list or a weaker one
    kShadowed,  // a stronger list has this object: left alone
  };
  Put put(const Listing& listing, DecodedObject&& object);
  // The object cannot be read: its last version stays.
  void keep(const Listing& listing, const MalformedObject& object);
  // For a list that is a watch's first events: one of them, but no bookmark.
  void put_event(const Listing& listing, WatchEvent&& event);
  // The list is whole.  Sweeps, and publishes once every kind had its list.
  void finish(const Listing& listing, ObjectKind kind,
              const std::string& resource_version);
  // The list failed before its end: the objects it added stay, as part of the
  // listing that it was to replace.
  void abandon(const Listing& listing);
  // For a source whose lists hold every kind: sweep each one, then publish.
  void sweep(const Listing& listing);
  void finish_all();

  // --- a watch: one event, published at once.
  void apply(Origin origin, ObjectKind kind, WatchEvent&& event);
  void note_watch(ObjectKind kind);
  // The list that finished was a watch's first events.
  void note_streamed_list(ObjectKind kind);
  // The API server answers, or does not.
  void note_contact(ObjectKind kind);
  void note_failure(ObjectKind kind);
  void note_frozen(ObjectKind kind);
  void note_check(ObjectKind kind, bool same);
  // An event was older than the last one, and was ignored.
  void note_back_in_time(ObjectKind kind);
  void note_manifests(std::uint64_t broken_files);

  // --- a snapshot.  It stands in for kinds that had no list yet, until they
  // have one, in which it is replaced object by object.
  // Returns how many objects were taken in; publishes.
  std::size_t restore(const Snapshot& snapshot);
  // The octets of snapshot_namespace() for each namespace; the mutex is held
  // for one at a time.
  void save(const std::function<void(std::string_view)>& sink) const;
  void note_snapshot(const SnapshotStatus& status);
  // True while answers come from a snapshot.  Any thread, at no cost.
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
  // Takes the lock along, to let go of it before it calls on_synced.
  void publish_list(std::unique_lock<std::mutex> lock);
  void publish();
  void observe_latencies();
  void take_event(Origin origin, WatchEvent&& event);
  void count_event(ObjectKind kind, const WatchEvent& event);
  void note_malformed(const MalformedObject& object);
  // Counts and logs the fields of `decoded` that could not be read.
  void note_gaps(DecodedObject& decoded);
  // Logs it, unless it was the last complaint about this object.
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
  Origin snapshot_ = 0;  // of its objects; 0: none was taken in
  // The last warning about each unreadable object, so that it is logged once.
  std::map<std::pair<ObjectKind, ObjectKey>, std::string> complaints_;
  // Objects that were not served whole once, which the log has said, and
  // whether they are now.
  std::map<std::pair<ObjectKind, ObjectKey>, bool> cut_;
};

}  // namespace canopy::kube
