#include "kubewatch/cluster_watch.h"

#include <algorithm>
#include <utility>

#include "healthz/log.h"
#include "zones/zone_delta.h"

namespace canopy::kube {

namespace {

constexpr ObjectKind kAllKinds[] = {
    ObjectKind::kNamespace, ObjectKind::kService, ObjectKind::kEndpointSlice,
    ObjectKind::kPod};

constexpr std::size_t kMaxComplaints = 1000;

void append(std::vector<Record>& to, std::vector<Record>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()),
            std::make_move_iterator(from.end()));
}

}  // namespace

ClusterWatch::ClusterWatch(ClusterWatchOptions options, ZoneStore& zones)
    : options_(std::move(options)), zones_(zones) {
  for (const ObjectKind kind : watched_kinds()) of(kind).watched = true;
  // The domain itself is known before any object is.
  edit({{}, domain_records(options_.records)});
  zones_.publish();
}

std::vector<ObjectKind> ClusterWatch::watched_kinds() const {
  std::vector<ObjectKind> kinds(std::begin(kAllKinds), std::end(kAllKinds));
  if (options_.records.pods != PodRecords::kVerified) kinds.pop_back();
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
  if (!wants(decoded.object, decoded.labels)) return Put::kTaken;
  Put result = put_one(listing, std::move(decoded.object));
  for (EndpointSlice& slice : decoded.more) {
    result = std::max(result, put_one(listing, std::move(slice)));
  }
  return result;
}

ClusterWatch::Put ClusterWatch::put_one(const Listing& listing,
                                        Object&& object) {
  const auto& stronger = listing.stronger;
  const auto there = store_.origin(kind_of(object), key_of(object));
  if (there &&
      std::find(stronger.begin(), stronger.end(), *there) != stronger.end()) {
    return Put::kShadowed;
  }
  take(std::move(object), listing.origin);
  return there && *there != listing.replaces ? Put::kRepeated : Put::kTaken;
}

void ClusterWatch::keep(const Listing& listing, const MalformedObject& object) {
  const std::lock_guard lock(mutex_);
  note_malformed(object);
  if (store_.origin(object.kind, object.key) == listing.replaces) {
    store_.renew(object.kind, object.key, listing.origin);
  }
}

void ClusterWatch::finish(const Listing& listing, ObjectKind kind,
                          const std::string& resource_version) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    sweep_kind(kind, listing.replaces);
    of(kind).resource_version = resource_version;
    note_list(kind);
    timed_.clear();  // a list says nothing about when
    first = complete_when_synced();
    publish();
  }
  if (first) options_.on_synced();
}

void ClusterWatch::abandon(const Listing& listing) {
  const std::lock_guard lock(mutex_);
  for (const ObjectKind kind : kAllKinds) {
    // What it put in may stand in the place of a snapshot's.
    const Origin before = listing.replaces == 0 ? snapshot_ : listing.replaces;
    if (before == 0) {
      sweep_kind(kind, listing.origin);
      continue;
    }
    for (const ObjectKey& key : store_.keys_of(kind, listing.origin)) {
      store_.renew(kind, key, before);
    }
  }
}

// The kind's first list takes the place of the snapshot's objects.
void ClusterWatch::note_list(ObjectKind kind) {
  KindStatus& status = of(kind);
  if (!status.synced) sweep_kind(kind, snapshot_);
  status.synced = true;
  ++status.lists;
  status_.fresh = all_kinds(&KindStatus::synced);
  if (status_.fresh && stale_.exchange(false)) {
    log_info("the API server's lists have taken the place of the snapshot");
  }
}

bool ClusterWatch::all_kinds(bool KindStatus::*flag) const {
  for (const KindStatus& status : status_.kinds) {
    if (status.watched && !(status.*flag)) return false;
  }
  return true;
}

void ClusterWatch::sweep(const Listing& listing) {
  const std::lock_guard lock(mutex_);
  for (const ObjectKind kind : kAllKinds) sweep_kind(kind, listing.replaces);
}

void ClusterWatch::finish_all() {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    for (const ObjectKind kind : watched_kinds()) note_list(kind);
    timed_.clear();  // a list says nothing about when
    first = complete_when_synced();
    publish();
  }
  if (first) options_.on_synced();
}

void ClusterWatch::sweep_kind(ObjectKind kind, Origin origin) {
  if (origin == 0) return;
  for (const ObjectKey& key : store_.keys_of(kind, origin)) drop(kind, key);
}

// --- events ---------------------------------------------------------------

void ClusterWatch::apply(Origin origin, ObjectKind kind, WatchEvent&& event) {
  const std::lock_guard lock(mutex_);
  count_event(kind, event);
  take_event(origin, std::move(event));
  if (status_.synced) publish();
}

void ClusterWatch::take_event(Origin origin, WatchEvent&& event) {
  const bool deleted = event.type == WatchEvent::Type::kDeleted;
  if (const auto* bad = std::get_if<MalformedObject>(&event.object)) {
    if (deleted) return drop(bad->kind, bad->key);
    return note_malformed(*bad);
  }
  auto* decoded = std::get_if<DecodedObject>(&event.object);
  if (decoded == nullptr) return;
  if (deleted || !wants(decoded->object, decoded->labels)) {
    return drop(kind_of(decoded->object), key_of(decoded->object));
  }
  take(std::move(decoded->object), origin);
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

void ClusterWatch::note_manifests(std::uint64_t broken_files) {
  const std::lock_guard lock(mutex_);
  status_.broken_files = broken_files;
  ++status_.reloads;
}

void ClusterWatch::note_malformed(const MalformedObject& object) {
  ++of(object.kind).malformed;
  std::string& said = complaints_[object.key];
  if (said == object.why) return;
  said = object.why;
  log_warning("{} {} is skipped: {}", kind_name(object.kind),
              to_text(object.key), object.why);
  if (complaints_.size() > kMaxComplaints) complaints_.clear();
}

WatchStatus ClusterWatch::status() const {
  const std::lock_guard lock(mutex_);
  WatchStatus status = status_;
  status.stale = stale_;
  for (const ObjectKind kind : kAllKinds) {
    status.kinds[static_cast<std::size_t>(kind)].objects = store_.count(kind);
  }
  return status;
}

// --- a snapshot -----------------------------------------------------------

std::size_t ClusterWatch::restore(const Snapshot& snapshot) {
  std::size_t objects = 0;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (status_.fresh || snapshot_ != 0) return 0;
    snapshot_ = ++last_origin_;
    snapshot.for_each([&](Object&& object) {
      const ObjectKind kind = kind_of(object);
      // A list under way knows better.
      if (of(kind).synced || store_.origin(kind, key_of(object))) return;
      take(std::move(object), snapshot_);
      ++objects;
    });
    for (KindStatus& kind : status_.kinds) kind.restored = kind.watched;
    stale_ = true;
    first = complete_when_synced();
    publish();
  }
  if (first) options_.on_synced();
  return objects;
}

void ClusterWatch::save(
    const std::function<void(std::string_view)>& sink) const {
  std::vector<std::string> namespaces;
  {
    const std::lock_guard lock(mutex_);
    store_.for_each_namespace(
        [&](const std::string& ns) { namespaces.push_back(ns); });
  }
  for (const std::string& ns : namespaces) {
    std::string octets;
    {
      const std::lock_guard lock(mutex_);
      octets = snapshot_namespace(store_, ns);
    }
    sink(octets);
  }
}

void ClusterWatch::note_snapshot(const SnapshotStatus& status) {
  const std::lock_guard lock(mutex_);
  status_.snapshot = status;
}

// --- what is served -------------------------------------------------------

bool ClusterWatch::wants(const Object& object, const KubeLabels& labels) const {
  const ObjectKind kind = kind_of(object);
  const ObjectKey& key = key_of(object);
  const Selection& selection = options_.selection;
  if (kind == ObjectKind::kPod &&
      (options_.records.pods != PodRecords::kVerified ||
       std::get<Pod>(object).ips.empty())) {
    return false;
  }
  if (const auto* slice = std::get_if<EndpointSlice>(&object);
      slice != nullptr && slice->service_name.empty()) {
    return false;  // of something that is no Service
  }
  if (kind != ObjectKind::kNamespace && !selection.labels.matches(labels)) {
    return false;
  }
  if (kind == ObjectKind::kService && key == options_.own_service) return true;
  const std::string& ns =
      kind == ObjectKind::kNamespace ? key.name : key.namespace_;
  const auto& wanted = selection.namespaces;
  return wanted.empty() ||
         std::find(wanted.begin(), wanted.end(), ns) != wanted.end();
}

bool ClusterWatch::is_visible(const std::string& ns) const {
  const Selection& selection = options_.selection;
  const auto& wanted = selection.namespaces;
  if (!wanted.empty() &&
      std::find(wanted.begin(), wanted.end(), ns) == wanted.end()) {
    return false;
  }
  if (const KubeLabels* labels = store_.namespace_labels(ns)) {
    return selection.namespace_labels.matches(*labels);
  }
  return options_.implied_namespaces && store_.is_inhabited(ns) &&
         selection.namespace_labels.matches(
             {{"kubernetes.io/metadata.name", ns}});
}

// --- records --------------------------------------------------------------

EndpointTotals ClusterWatch::totals(const Service& service) const {
  const auto kept = kept_totals_.find(service.key);
  if (kept != kept_totals_.end()) return kept->second;
  EndpointTotals sum;
  store_.for_each_slice(service.key, [&](const EndpointSlice& slice) {
    sum.add(slice, service);
  });
  return sum;
}

ClusterWatch::Records ClusterWatch::whole_service(
    const Service& service) const {
  const EndpointTotals sum = totals(service);
  const SrvWeights weights = srv_weights(sum);
  Records records = service_records(options_.records, service, sum);
  store_.for_each_slice(service.key, [&](const EndpointSlice& slice) {
    append(records, slice_records(options_.records, service, slice, weights));
  });
  return records;
}

ClusterWatch::Records ClusterWatch::own_glue(
    const std::optional<Service>& service) const {
  if (!service || service->key != options_.own_service) return {};
  return own_service_records(options_.records, *service);
}

// In pieces: a namespace may hold most of the cluster.
void ClusterWatch::whole_namespace(const std::string& ns,
                                   const Visit& visit) const {
  visit(namespace_records(options_.records, Namespace{{"", ns}, {}}));
  store_.for_each_service(
      ns, [&](const Service& service) { visit(whole_service(service)); });
  store_.for_each_pod(
      ns, [&](const Pod& pod) { visit(pod_records(options_.records, pod)); });
}

// --- one object in or out -------------------------------------------------

void ClusterWatch::take(Object&& object, Origin origin) {
  const ObjectKey key = key_of(object);
  switch (kind_of(object)) {
    case ObjectKind::kNamespace:
      return change_namespace(key, &std::get<Namespace>(object), origin);
    case ObjectKind::kService:
      return change_service(key, &std::get<Service>(object), origin);
    case ObjectKind::kEndpointSlice: {
      EndpointSlice& slice = std::get<EndpointSlice>(object);
      if (!options_.records.endpoint_pod_names) {
        for (Endpoint& endpoint : slice.endpoints) endpoint.pod_name.clear();
      }
      if (prefers_other_slices(slice)) return;
      return change_slice(key, &slice, origin);
    }
    case ObjectKind::kPod:
      return change_pod(key, &std::get<Pod>(object), origin);
  }
}

void ClusterWatch::drop(ObjectKind kind, const ObjectKey& key) {
  switch (kind) {
    case ObjectKind::kNamespace:
      return change_namespace(key, nullptr, 0);
    case ObjectKind::kService:
      return change_service(key, nullptr, 0);
    case ObjectKind::kEndpointSlice:
      return change_slice(key, nullptr, 0);
    case ObjectKind::kPod:
      return change_pod(key, nullptr, 0);
  }
}

void ClusterWatch::within(const std::string& ns, const Change& change) {
  const bool was_shown = status_.synced && is_visible(ns);
  change(was_shown);
  const bool is_shown = status_.synced && is_visible(ns);
  if (was_shown == is_shown) return;
  whole_namespace(ns, [&](Records records) {
    edit(is_shown ? difference({}, std::move(records))
                  : difference(std::move(records), {}));
  });
}

void ClusterWatch::change_namespace(const ObjectKey& key,
                                    const Namespace* after, Origin origin) {
  within(key.name, [&](bool) {
    if (after != nullptr) {
      store_.put(*after, origin);
    } else {
      store_.erase(ObjectKind::kNamespace, key);
    }
  });
}

void ClusterWatch::change_service(const ObjectKey& key, const Service* after,
                                  Origin origin) {
  within(key.namespace_, [&](bool shown) {
    const std::optional<Service> before = store_.find_service(key);
    if (before && after && *before == *after) {
      store_.put(*after, origin);
      return;
    }
    if (!before && !after) return;
    Records removals;
    if (status_.synced) removals = own_glue(before);
    if (shown && before) append(removals, whole_service(*before));
    kept_totals_.erase(key);
    if (after != nullptr) {
      store_.put(*after, origin);
      const std::string warning = service_warning(*after);
      if (!warning.empty()) log_warning("{}", warning);
    } else {
      store_.erase(ObjectKind::kService, key);
    }
    Records additions;
    if (status_.synced && after) additions = own_glue(*after);
    if (shown && after) append(additions, whole_service(*after));
    edit(difference(std::move(removals), std::move(additions)));
  });
}

void ClusterWatch::change_pod(const ObjectKey& key, const Pod* after,
                              Origin origin) {
  within(key.namespace_, [&](bool shown) {
    const std::optional<Pod> before = store_.find_pod(key);
    if (after != nullptr) {
      store_.put(*after, origin);
    } else {
      store_.erase(ObjectKind::kPod, key);
    }
    if (!shown) return;
    Records removals, additions;
    if (before) removals = pod_records(options_.records, *before);
    if (after) additions = pod_records(options_.records, *after);
    edit(difference(std::move(removals), std::move(additions)));
  });
}

// --- the zones ------------------------------------------------------------

void ClusterWatch::edit(const ZoneDelta& delta) {
  if (!delta.empty()) zones_.edit(delta);
}

// True when this was the moment.
bool ClusterWatch::complete_when_synced() {
  if (status_.synced) return false;
  for (const KindStatus& kind : status_.kinds) {
    if (kind.watched && !kind.synced && !kind.restored) return false;
  }
  status_.synced = true;
  add_everything();
  zones_.complete();
  return true;
}

void ClusterWatch::add_everything() {
  // In difference()'s order the records of one name are changed at once, not
  // each by a copy of all the others.
  const auto add = [&](Records records) {
    edit(difference({}, std::move(records)));
  };
  add(own_glue(store_.find_service(options_.own_service)));
  store_.for_each_namespace([&](const std::string& ns) {
    if (is_visible(ns)) whole_namespace(ns, add);
  });
}

void ClusterWatch::publish() {
  if (!status_.synced) return;
  status_.serial = zones_.publish();
  ++status_.publishes;
  status_.last_publish = options_.clock();
  observe_latencies();
}

void ClusterWatch::observe_latencies() {
  const double now =
      std::chrono::duration<double>(status_.last_publish.time_since_epoch())
          .count();
  for (const Timed& change : timed_) {
    LatencyHistogram& histogram = change.type == Service::Type::kHeadless
                                      ? status_.headless_latency
                                      : status_.cluster_ip_latency;
    histogram.observe(std::max(0.0, now - change.since));
  }
  timed_.clear();
}

}  // namespace canopy::kube
