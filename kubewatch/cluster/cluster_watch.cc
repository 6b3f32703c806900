#include "kubewatch/cluster/cluster_watch.h"

#include <algorithm>
#include <utility>

#include "healthz/log.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {

namespace {

constexpr std::size_t kMaxComplaints = 1000;

}  // namespace

ClusterWatch::ClusterWatch(ClusterWatchOptions options, ZoneStore& zones)
    : options_(std::move(options)), zones_(options_, zones) {
  for (const ObjectKind kind : watched_kinds()) of(kind).watched = true;
}

std::vector<ObjectKind> ClusterWatch::watched_kinds() const {
  std::vector<ObjectKind> kinds(std::begin(kAllKinds), std::end(kAllKinds));
  if (options_.records.pods != PodRecords::kVerified) {
    std::erase(kinds, ObjectKind::kPod);
  }
  return kinds;
}

// --- lists ----------------------------------------------------------------

Origin ClusterWatch::new_origin() {
  const std::lock_guard lock(mutex_);
  return ++last_origin_;
}

ClusterWatch::Put ClusterWatch::put(const Listing& listing,
                                    DecodedObject&& decoded) {
  const std::lock_guard lock(mutex_);
  if (!zones_.wants(decoded.object, decoded.labels)) return Put::kTaken;
  note_gaps(decoded);
  Put result = put_one(listing, std::move(decoded.object));
  for (EndpointSlice& slice : decoded.more) {
    result = std::max(result, put_one(listing, std::move(slice)));
  }
  return result;
}

ClusterWatch::Put ClusterWatch::put_one(const Listing& listing,
                                        Object&& object) {
  const auto& stronger = listing.stronger;
  const auto there = zones_.objects().origin(kind_of(object), key_of(object));
  if (there &&
      std::find(stronger.begin(), stronger.end(), *there) != stronger.end()) {
    return Put::kShadowed;
  }
  zones_.take(std::move(object), listing.origin);
  return there && *there != listing.replaces ? Put::kRepeated : Put::kTaken;
}

void ClusterWatch::keep(const Listing& listing, const MalformedObject& object) {
  const std::lock_guard lock(mutex_);
  keep_one(listing, object);
}

void ClusterWatch::keep_one(const Listing& listing,
                            const MalformedObject& object) {
  note_malformed(object);
  if (zones_.objects().origin(object.kind, object.key) == listing.replaces) {
    zones_.renew(object.kind, object.key, listing.origin);
  }
}

void ClusterWatch::put_event(const Listing& listing, WatchEvent&& event) {
  const std::lock_guard lock(mutex_);
  const bool deleted = event.type == WatchEvent::Type::kDeleted;
  if (const auto* bad = std::get_if<MalformedObject>(&event.object)) {
    if (deleted) return take_back(listing, bad->kind, bad->key);
    return keep_one(listing, *bad);
  }
  auto* decoded = std::get_if<DecodedObject>(&event.object);
  if (decoded == nullptr) return;
  if (deleted || !zones_.wants(decoded->object, decoded->labels)) {
    return take_back(listing, kind_of(decoded->object),
                     key_of(decoded->object));
  }
  note_gaps(*decoded);
  put_one(listing, std::move(decoded->object));
}

// The list first contained the object and then deleted it.  Until the list
// ends, the object stays with the origin of the replaced list, because the new
// list may fail.
void ClusterWatch::take_back(const Listing& listing, ObjectKind kind,
                             const ObjectKey& key) {
  if (zones_.objects().origin(kind, key) != listing.origin) return;
  const Origin before = replaced_by(listing);
  if (before == 0) return zones_.drop(kind, key);
  zones_.renew(kind, key, before);
}

// The origin that `listing` replaces.  The first list of a kind replaces the
// snapshot, if there is one.  0: nothing.
Origin ClusterWatch::replaced_by(const Listing& listing) const {
  return listing.replaces == 0 ? snapshot_ : listing.replaces;
}

void ClusterWatch::finish(const Listing& listing, ObjectKind kind,
                          const std::string& resource_version) {
  std::unique_lock lock(mutex_);
  sweep_kind(kind, listing.replaces);
  of(kind).resource_version = resource_version;
  note_list(kind);
  publish_list(std::move(lock));
}

void ClusterWatch::abandon(const Listing& listing) {
  const std::lock_guard lock(mutex_);
  const Origin before = replaced_by(listing);
  for (const ObjectKind kind : kAllKinds) {
    if (before == 0) {
      sweep_kind(kind, listing.origin);
      continue;
    }
    for (const ObjectKey& key :
         zones_.objects().keys_of(kind, listing.origin)) {
      zones_.renew(kind, key, before);
    }
  }
}

// The first list of the kind replaces the snapshot's objects.
void ClusterWatch::note_list(ObjectKind kind) {
  KindStatus& status = of(kind);
  if (!status.synced) sweep_kind(kind, snapshot_);
  status.synced = true;
  ++status.lists;
  status_.fresh = every_kind_is_synced();
  if (status_.fresh && stale_.exchange(false)) {
    log_info("the API server's lists have replaced the snapshot");
  }
}

bool ClusterWatch::every_kind_is_synced() const {
  for (const KindStatus& status : status_.kinds) {
    if (status.watched && !status.synced) return false;
  }
  return true;
}

void ClusterWatch::sweep(const Listing& listing) {
  const std::lock_guard lock(mutex_);
  for (const ObjectKind kind : kAllKinds) sweep_kind(kind, listing.replaces);
}

void ClusterWatch::finish_all() {
  std::unique_lock lock(mutex_);
  for (const ObjectKind kind : watched_kinds()) note_list(kind);
  publish_list(std::move(lock));
}

void ClusterWatch::sweep_kind(ObjectKind kind, Origin origin) {
  if (origin == 0) return;
  for (const ObjectKey& key : zones_.objects().keys_of(kind, origin)) {
    zones_.drop(kind, key);
  }
}

// --- events ---------------------------------------------------------------

void ClusterWatch::apply(Origin origin, ObjectKind kind, WatchEvent&& event) {
  const std::lock_guard lock(mutex_);
  count_event(kind, event);
  take_event(origin, std::move(event));
  publish();
}

void ClusterWatch::take_event(Origin origin, WatchEvent&& event) {
  const bool deleted = event.type == WatchEvent::Type::kDeleted;
  if (const auto* bad = std::get_if<MalformedObject>(&event.object)) {
    if (deleted) return zones_.drop(bad->kind, bad->key);
    return note_malformed(*bad);
  }
  auto* decoded = std::get_if<DecodedObject>(&event.object);
  if (decoded == nullptr) return;
  if (deleted || !zones_.wants(decoded->object, decoded->labels)) {
    return zones_.drop(kind_of(decoded->object), key_of(decoded->object));
  }
  note_gaps(*decoded);
  zones_.take(std::move(decoded->object), origin);
}

void ClusterWatch::count_event(ObjectKind kind, const WatchEvent& event) {
  KindStatus& status = of(kind);
  using Type = WatchEvent::Type;
  if (event.type == Type::kAdded) ++status.added;
  if (event.type == Type::kModified) ++status.modified;
  if (event.type == Type::kDeleted) ++status.deleted;
  if (event.type == Type::kBookmark) ++status.bookmarks;
  status.last_event = options_.clock();
  if (!event.resource_version.empty()) {
    status.resource_version = event.resource_version;
  }
}

void ClusterWatch::note_watch(ObjectKind kind) {
  const std::lock_guard lock(mutex_);
  ++of(kind).watches;
}

void ClusterWatch::note_streamed_list(ObjectKind kind) {
  const std::lock_guard lock(mutex_);
  ++of(kind).streamed;
}

void ClusterWatch::note_failure(ObjectKind kind) {
  const std::lock_guard lock(mutex_);
  ++of(kind).failures;
  if (of(kind).away_since == WallTime{}) of(kind).away_since = options_.clock();
}

void ClusterWatch::note_contact(ObjectKind kind) {
  const std::lock_guard lock(mutex_);
  of(kind).away_since = WallTime{};
}

void ClusterWatch::note_frozen(ObjectKind kind) {
  const std::lock_guard lock(mutex_);
  ++of(kind).frozen;
}

void ClusterWatch::note_check(ObjectKind kind, bool same) {
  const std::lock_guard lock(mutex_);
  ++(same ? of(kind).same : of(kind).differing);
}

void ClusterWatch::note_back_in_time(ObjectKind kind) {
  const std::lock_guard lock(mutex_);
  ++of(kind).went_back;
}

void ClusterWatch::note_manifests(std::uint64_t broken_files) {
  const std::lock_guard lock(mutex_);
  status_.broken_files = broken_files;
  ++status_.reloads;
}

void ClusterWatch::note_malformed(const MalformedObject& object) {
  ++of(object.kind).malformed;
  complain(object.kind, object.key,
           std::string(object.written_kind) + " " + to_text(object.key) +
               " is skipped: " + object.why);
}

void ClusterWatch::note_gaps(DecodedObject& decoded) {
  const ObjectKind kind = kind_of(decoded.object);
  const ObjectKey& key = key_of(decoded.object);
  of(kind).unread += decoded.unread_count;
  if (decoded.unread_count > 0) {
    complain(kind, key,
             object_text(kind, key) +
                 " is served without the parts that cannot be read: " +
                 decoded.unread);
  }
  note_left_out(decoded.object, std::move(decoded.left_out));
}

void ClusterWatch::complain(ObjectKind kind, const ObjectKey& key,
                            const std::string& text) {
  std::string& said = complaints_[{kind, key}];
  if (said == text) return;
  said = text;
  log_warning("{}", text);
  if (complaints_.size() > kMaxComplaints) complaints_.clear();
}

// Logs an object only once, because it may change hundreds of times per second.
void ClusterWatch::note_left_out(const Object& object, std::string left_out) {
  if (const auto* slice = std::get_if<EndpointSlice>(&object)) {
    const std::string also = slice_left_out(*slice);
    if (!left_out.empty() && !also.empty()) left_out += ", ";
    left_out += also;
  }
  const auto key = std::pair(kind_of(object), key_of(object));
  const auto found = cut_.find(key);
  if (found != cut_.end()) {
    found->second = !left_out.empty();
    return;
  }
  if (left_out.empty()) return;
  if (cut_.size() == kMaxComplaints) cut_.clear();
  cut_.emplace(key, true);
  log_warning("{} is too large and served in part; left out: {}",
              object_text(key.first, key.second), shown(left_out));
}

// The number of objects that are still cut.
std::size_t ClusterWatch::count_cut(ObjectKind kind) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(cut_, [&](const auto& entry) {
        const auto& [key, is_cut] = entry;
        return is_cut && key.first == kind &&
               zones_.objects().origin(kind, key.second).has_value();
      }));
}

WatchStatus ClusterWatch::status() const {
  const std::lock_guard lock(mutex_);
  WatchStatus status = status_;
  status.synced = zones_.is_complete();
  status.stale = stale_;
  for (const ObjectKind kind : kAllKinds) {
    KindStatus& one = status.kinds[static_cast<std::size_t>(kind)];
    one.objects = zones_.objects().count(kind);
    one.cut = count_cut(kind);
  }
  return status;
}

// --- a snapshot -----------------------------------------------------------

std::size_t ClusterWatch::restore(const Snapshot& snapshot) {
  std::unique_lock lock(mutex_);
  if (status_.fresh || snapshot_ != 0) return 0;
  snapshot_ = ++last_origin_;
  std::size_t objects = 0;
  snapshot.for_each([&](Object&& object) {
    const ObjectKind kind = kind_of(object);
    // A list in progress is newer than the snapshot.
    if (of(kind).synced || zones_.objects().origin(kind, key_of(object))) {
      return;
    }
    zones_.take(std::move(object), snapshot_);
    ++objects;
  });
  stale_ = true;
  publish_list(std::move(lock));
  return objects;
}

void ClusterWatch::save(
    const std::function<void(std::string_view)>& sink) const {
  std::vector<std::string> namespaces;
  {
    const std::lock_guard lock(mutex_);
    zones_.objects().for_each_namespace(
        [&](const std::string& ns) { namespaces.push_back(ns); });
  }
  for (const std::string& ns : namespaces) {
    std::string octets;
    {
      const std::lock_guard lock(mutex_);
      octets = snapshot_namespace(zones_.objects(), ns);
    }
    sink(octets);
  }
}

void ClusterWatch::note_snapshot(const SnapshotStatus& status) {
  const std::lock_guard lock(mutex_);
  status_.snapshot = status;
}

// --- the zones ------------------------------------------------------------

void ClusterWatch::publish_list(std::unique_lock<std::mutex> lock) {
  const bool has_everything = status_.fresh || snapshot_ != 0;
  const bool is_first = has_everything && !zones_.is_complete();
  if (is_first) zones_.complete();
  zones_.take_endpoint_changes();  // a list does not tell when objects changed
  publish();
  lock.unlock();
  if (is_first) options_.on_synced();
}

void ClusterWatch::publish() {
  if (!zones_.is_complete()) return;
  status_.serial = zones_.publish();
  ++status_.publishes;
  status_.last_publish = options_.clock();
  observe_latencies();
}

void ClusterWatch::observe_latencies() {
  const double now =
      std::chrono::duration<double>(status_.last_publish.time_since_epoch())
          .count();
  for (const EndpointChange& change : zones_.take_endpoint_changes()) {
    LatencyHistogram& histogram = change.type == Service::Type::kHeadless
                                      ? status_.headless_latency
                                      : status_.cluster_ip_latency;
    histogram.observe(std::max(0.0, now - change.since));
  }
}

}  // namespace canopy::kube
