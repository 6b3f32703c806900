// Where sources of objects meet the zones: takes objects in, keeps them,
// works out what an object changes in the zones, and publishes.
//
// Threads: any; one mutex.  Sources decode before they call.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kubewatch/cluster_records.h"
#include "kubewatch/label_selector.h"
#include "kubewatch/object_store.h"
#include "kubewatch/snapshot.h"
#include "kubewatch/watch_event.h"
#include "kubewatch/watch_status.h"
#include "zones/zone_store.h"

namespace canopy::kube {

struct ClusterWatchOptions {
  RecordOptions records;
  Selection selection;
  // The Service of this server: its addresses are ns.dns.<domain>.
  ObjectKey own_service{"kube-system", "kube-dns"};
  // A namespace exists when an object lives in it, Namespace or no Namespace.
  // For manifests, whose writers leave out "default".
  bool implied_namespaces = false;
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
  // One that cannot be read: what was there before stays.
  void keep(const Listing& listing, const MalformedObject& object);
  // The list is whole.  Sweeps, and publishes once every kind had its list.
  void finish(const Listing& listing, ObjectKind kind,
              const std::string& resource_version);
  // The list broke off: what it put in counts as part of what it was to
  // replace.
  void abandon(const Listing& listing);
  // For a source whose lists hold every kind: sweep each one, then publish.
  void sweep(const Listing& listing);
  void finish_all();

  // --- a watch: one event, published at once.
  void apply(Origin origin, ObjectKind kind, WatchEvent&& event);
  void note_watch(ObjectKind kind);
  // The API server answers, or does not.
  void note_contact(ObjectKind kind);
  void note_failure(ObjectKind kind);
  void note_frozen(ObjectKind kind);
  void note_check(ObjectKind kind, bool same);
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
  using Records = std::vector<Record>;

  bool wants(const Object& object, const KubeLabels& labels) const;
  bool is_visible(const std::string& ns) const;

  // What objects contribute to the zones.
  EndpointTotals totals(const Service& service) const;
  Records whole_service(const Service& service) const;
  Records own_glue(const std::optional<Service>& service) const;
  using Visit = std::function<void(Records)>;
  void whole_namespace(const std::string& ns, const Visit& visit) const;

  // One object in or out; the zones follow once there was a full sync.
  Put put_one(const Listing& listing, Object&& object);
  void take(Object&& object, Origin origin);
  void drop(ObjectKind kind, const ObjectKey& key);
  void change_namespace(const ObjectKey& key, const Namespace* after,
                        Origin origin);
  void change_service(const ObjectKey& key, const Service* after,
                      Origin origin);
  void change_slice(const ObjectKey& key, const EndpointSlice* after,
                    Origin origin);
  void change_pod(const ObjectKey& key, const Pod* after, Origin origin);
  bool prefers_other_slices(const EndpointSlice& slice);
  // Runs `change`, and shows or hides the namespace when that is what it did.
  using Change = std::function<void(bool shown)>;
  void within(const std::string& ns, const Change& change);
  struct SliceChange {
    const Service& service;
    const EndpointSlice* before;  // null: none
    const EndpointSlice* after;
    const EndpointTotals& old_totals;
    const EndpointTotals& new_totals;
  };
  void edit_slice(const SliceChange& change);

  void sweep_kind(ObjectKind kind, Origin origin);
  bool all_kinds(bool KindStatus::*flag) const;
  void note_list(ObjectKind kind);
  void edit(const ZoneDelta& delta);
  bool complete_when_synced();
  void add_everything();
  void publish();
  void observe_latencies();
  void take_event(Origin origin, WatchEvent&& event);
  void count_event(ObjectKind kind, const WatchEvent& event);
  void note_malformed(const MalformedObject& object);
  KindStatus& of(ObjectKind kind) {
    return status_.kinds[static_cast<std::size_t>(kind)];
  }

  const ClusterWatchOptions options_;
  ZoneStore& zones_;
  std::atomic<bool> stale_ = false;

  mutable std::mutex mutex_;  // guards everything below
  ObjectStore store_;
  WatchStatus status_;
  Origin last_origin_ = 0;
  Origin snapshot_ = 0;  // of its objects; 0: none was taken in
  // Of Services with many slices, so that one slice need not count them all.
  std::map<ObjectKey, EndpointTotals> kept_totals_;
  // Endpoint changes of watch events, to be timed when they are published.
  struct Timed {
    Service::Type type;
    double since;  // seconds since the epoch
  };
  std::vector<Timed> timed_;
  // What was last said about objects that cannot be read, to say it once.
  std::map<ObjectKey, std::string> complaints_;
};

}  // namespace canopy::kube
