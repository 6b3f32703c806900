// The part of ClusterZones that changes one slice at a cost proportional to the
// difference.  A Service may have thousands of endpoints, in many slices.
#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "kubewatch/cluster/cluster_zones.h"

namespace canopy::kube {

namespace {

// Up to this many slices, a Service's endpoints are counted again each time.
constexpr std::size_t kFewSlices = 4;

EndpointTotals totals_of(const EndpointSlice& slice, const Service& service) {
  EndpointTotals totals;
  totals.add(slice, service);
  return totals;
}

void add(EndpointTotals& to, const EndpointTotals& other) {
  to.ready += other.ready;
  to.ready_ports += other.ready_ports;
  for (const auto& [port, count] : other.ready_by_port) {
    to.ready_by_port[port] += count;
  }
}

void subtract(EndpointTotals& from, const EndpointTotals& other) {
  from.ready -= other.ready;
  from.ready_ports -= other.ready_ports;
  for (const auto& [port, count] : other.ready_by_port) {
    const auto found = from.ready_by_port.find(port);
    if (found == from.ready_by_port.end()) continue;
    found->second -= count;
    if (found->second == 0) from.ready_by_port.erase(found);
  }
}

// Removes the common endpoints from both slices.
void drop_common_endpoints(EndpointSlice& a, EndpointSlice& b) {
  std::ranges::sort(a.endpoints);
  std::ranges::sort(b.endpoints);
  std::vector<Endpoint> only_a, only_b;
  std::ranges::set_difference(a.endpoints, b.endpoints,
                              std::back_inserter(only_a));
  std::ranges::set_difference(b.endpoints, a.endpoints,
                              std::back_inserter(only_b));
  a.endpoints = std::move(only_a);
  b.endpoints = std::move(only_b);
}

bool is_from_endpoints(std::string_view name) {
  return name.substr(0, 10) == "endpoints/";
}

}  // namespace

// If a Service has both EndpointSlices and old Endpoints, they describe the
// same endpoints.  Therefore the Endpoints are not served while there is a
// slice.  Only manifests contain Endpoints.
ClusterZones::SliceCounts ClusterZones::slice_counts(
    const ObjectKey& service) const {
  SliceCounts counts;
  store_.for_each_slice_name(service, [&](const std::string& name) {
    ++(is_from_endpoints(name) ? counts.from_endpoints : counts.slices);
  });
  return counts;
}

void ClusterZones::for_each_served(
    const ObjectKey& service,
    const ObjectStore::Visitor<EndpointSlice>& visit) const {
  SliceCounts counts;
  if (options_.implied_namespaces) counts = slice_counts(service);
  const bool are_hidden = counts.slices > 0 && counts.from_endpoints > 0;
  store_.for_each_slice(service, [&](const EndpointSlice& slice) {
    if (!are_hidden || !is_from_endpoints(slice.key.name)) visit(slice);
  });
}

// True when `key` belongs to Endpoints that are hidden by a slice.
bool ClusterZones::is_hidden(const ObjectKey& key,
                             const ObjectKey& service) const {
  return is_from_endpoints(key.name) && slice_counts(service).slices > 0;
}

// True when `key` is the first slice to appear beside Endpoints, or the last
// one to disappear.
bool ClusterZones::changes_what_is_served(const ObjectKey& key,
                                          const ObjectKey& service, bool before,
                                          bool after) const {
  if (!options_.implied_namespaces || before == after) return false;
  if (is_from_endpoints(key.name)) return false;
  const SliceCounts counts = slice_counts(service);
  return counts.from_endpoints > 0 && counts.slices == (before ? 1U : 0U);
}

void ClusterZones::put_slice(const ObjectKey& key, const EndpointSlice* after,
                             Origin origin) {
  if (after != nullptr) {
    store_.put(*after, origin);
  } else {
    store_.erase(ObjectKind::kEndpointSlice, key);
  }
}

// Replaces all endpoints of the Service by others.
void ClusterZones::swap_slices(const std::optional<Service>& service,
                               const ObjectKey& service_key,
                               const ObjectKey& key, const EndpointSlice* after,
                               Origin origin) {
  if (service) {
    whole_service(*service, [&](Records gone) { edit(std::move(gone), {}); });
  }
  put_slice(key, after, origin);
  kept_totals_.erase(service_key);
  if (service) {
    whole_service(*service, [&](Records come) { edit({}, std::move(come)); });
  }
}

void ClusterZones::change_slice(const ObjectKey& key,
                                const EndpointSlice* after, Origin origin) {
  const std::optional<EndpointSlice> before = store_.find_slice(key);
  if (!before && after == nullptr) return;
  if (before && after && before->service_name != after->service_name) {
    change_slice(key, nullptr, origin);
    return change_slice(key, after, origin);
  }
  const ObjectKey service_key{key.namespace_,
                              (after ? *after : *before).service_name};
  within(key.namespace_, [&](bool shown) {
    const std::optional<Service> service =
        shown ? store_.find_service(service_key) : std::nullopt;
    if (is_hidden(key, service_key)) return put_slice(key, after, origin);
    if (changes_what_is_served(key, service_key, before.has_value(),
                               after != nullptr)) {
      return swap_slices(service, service_key, key, after, origin);
    }
    EndpointTotals old_totals;
    if (service) old_totals = totals(*service);
    put_slice(key, after, origin);
    if (!service) {
      kept_totals_.erase(service_key);
      return;
    }
    if (before && after && before->same_records(*after)) return;
    const EndpointSlice none;
    const EndpointSlice& old_slice = before ? *before : none;
    const EndpointSlice& new_slice = after ? *after : none;
    EndpointTotals new_totals = old_totals;
    add(new_totals, totals_of(new_slice, *service));
    subtract(new_totals, totals_of(old_slice, *service));
    if (store_.slice_count(service_key) > kFewSlices) {
      kept_totals_[service_key] = new_totals;
    } else {
      kept_totals_.erase(service_key);
    }
    edit_slice({key, *service, old_slice, new_slice, old_totals, new_totals});
  });
}

void ClusterZones::edit_slice(SliceChange change) {
  const RecordOptions& options = options_.records;
  const SrvWeights old_weights = srv_weights(change.old_totals);
  const SrvWeights new_weights = srv_weights(change.new_totals);
  const SrvShare old_share = srv_share(change.before);
  const SrvShare new_share = srv_share(change.after);
  if (old_weights == new_weights && old_share == new_share &&
      change.before.ports == change.after.ports) {
    drop_common_endpoints(change.before, change.after);  // their records stay
  }
  Records before, after;
  // The Service's own records depend only on whether there are any endpoints.
  if ((change.old_totals.ready == 0) != (change.new_totals.ready == 0)) {
    before = service_records(options, change.service, change.old_totals);
    after = service_records(options, change.service, change.new_totals);
  }
  before.append(slice_records(options, change.service, change.before,
                              old_weights, old_share));
  after.append(slice_records(options, change.service, change.after, new_weights,
                             new_share));
  edit(std::move(before), std::move(after));
  if (old_weights != new_weights) {
    for_each_served(change.service.key, [&](const EndpointSlice& other) {
      if (other.key == change.key) return;
      edit(slice_records(options, change.service, other, old_weights),
           slice_records(options, change.service, other, new_weights));
    });
  }
  const double since = change.after.last_change_trigger_time;
  if (since > 0 && since != change.before.last_change_trigger_time) {
    endpoint_changes_.push_back({change.service.type, since});
  }
}

}  // namespace canopy::kube
