#include "kubewatch/cluster/cluster_zones.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "healthz/log.h"
#include "zones/zone_delta.h"

namespace canopy::kube {

ClusterZones::ClusterZones(ClusterZonesOptions options, ZoneStore& zones)
    : options_(std::move(options)), zones_(zones) {
  // The domain's own records do not depend on objects.
  edit({}, domain_records(options_.records));
  zones_.publish();
}

void ClusterZones::complete() {
  complete_ = true;
  // Records are sorted as by difference(), so that all records of a name are
  // changed together and copied once.
  const auto add = [&](Records records) { edit({}, std::move(records)); };
  add(own_glue(store_.find_service(options_.own_service)));
  store_.for_each_namespace([&](const std::string& ns) {
    if (is_visible(ns)) whole_namespace(ns, add);
  });
  zones_.complete();
}

void ClusterZones::edit(Records removals, Records additions) {
  const ZoneDelta delta = difference(std::move(removals), std::move(additions));
  if (!delta.empty()) zones_.edit(delta);
}

// --- what is served -------------------------------------------------------

bool ClusterZones::wants(const Object& object, const KubeLabels& labels) const {
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
    return false;  // belongs to something other than a Service
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

bool ClusterZones::is_visible(const std::string& ns) const {
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

EndpointTotals ClusterZones::totals(const Service& service) const {
  const auto kept = kept_totals_.find(service.key);
  if (kept != kept_totals_.end()) return kept->second;
  EndpointTotals sum;
  for_each_served(service.key,
                  [&](const EndpointSlice& slice) { sum.add(slice, service); });
  return sum;
}

// A Service may have any number of slices.  Each slice has at most a few tens
// of thousands of records.
void ClusterZones::whole_service(const Service& service,
                                 const Visit& visit) const {
  const EndpointTotals sum = totals(service);
  whole_slices(service, sum, service_records(options_.records, service, sum),
               visit);
}

// `records` are visited with the first piece.
void ClusterZones::whole_slices(const Service& service,
                                const EndpointTotals& totals, Records records,
                                const Visit& visit) const {
  constexpr std::size_t kPiece = 4096;
  const SrvWeights weights = srv_weights(totals);
  for_each_served(service.key, [&](const EndpointSlice& slice) {
    records.append(slice_records(options_.records, service, slice, weights));
    if (records.size() < kPiece) return;
    visit(std::exchange(records, {}));
  });
  visit(std::move(records));
}

ClusterZones::Records ClusterZones::own_glue(
    const std::optional<Service>& service) const {
  if (!service || service->key != options_.own_service) return {};
  return own_service_records(options_.records, *service);
}

// A namespace may contain most of the cluster.
void ClusterZones::whole_namespace(const std::string& ns,
                                   const Visit& visit) const {
  visit(namespace_records(options_.records, Namespace{{"", ns}, {}}));
  store_.for_each_service(
      ns, [&](const Service& service) { whole_service(service, visit); });
  store_.for_each_pod(
      ns, [&](const Pod& pod) { visit(pod_records(options_.records, pod)); });
}

// --- adding and removing one object ---------------------------------------

void ClusterZones::take(Object&& object, Origin origin) {
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
      return change_slice(key, &slice, origin);
    }
    case ObjectKind::kPod:
      return change_pod(key, &std::get<Pod>(object), origin);
  }
}

void ClusterZones::drop(ObjectKind kind, const ObjectKey& key) {
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

void ClusterZones::within(const std::string& ns, const Change& change) {
  const bool was_shown = complete_ && is_visible(ns);
  change(was_shown);
  const bool is_shown = complete_ && is_visible(ns);
  if (was_shown == is_shown) return;
  whole_namespace(ns, [&](Records records) {
    if (is_shown) {
      edit({}, std::move(records));
    } else {
      edit(std::move(records), {});
    }
  });
}

void ClusterZones::change_namespace(const ObjectKey& key,
                                    const Namespace* after, Origin origin) {
  within(key.name, [&](bool) {
    if (after != nullptr) {
      store_.put(*after, origin);
    } else {
      store_.erase(ObjectKind::kNamespace, key);
    }
  });
}

void ClusterZones::change_service(const ObjectKey& key, const Service* after,
                                  Origin origin) {
  within(key.namespace_, [&](bool shown) {
    const std::optional<Service> before = store_.find_service(key);
    if (before && after && *before == *after) {
      store_.put(*after, origin);
      return;
    }
    if (!before && !after) return;
    Records removals, additions;
    if (complete_) removals = own_glue(before);
    EndpointTotals old_totals;
    if (shown && before) old_totals = totals(*before);
    kept_totals_.erase(key);
    if (after != nullptr) {
      store_.put(*after, origin);
      const std::string warning = service_warning(*after);
      if (!warning.empty()) log_warning("{}", warning);
    } else {
      store_.erase(ObjectKind::kService, key);
    }
    if (complete_ && after) additions = own_glue(*after);
    if (!shown) return edit(std::move(removals), std::move(additions));
    edit_service(before ? &*before : nullptr, after, old_totals,
                 std::move(removals), std::move(additions));
  });
}

void ClusterZones::change_pod(const ObjectKey& key, const Pod* after,
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
    edit(std::move(removals), std::move(additions));
  });
}

}  // namespace canopy::kube
