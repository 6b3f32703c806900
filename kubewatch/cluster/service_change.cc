// The part of ClusterZones that changes one Service at a cost proportional to
// the difference.  A Service may have thousands of ports, and any number of
// slices.
#include <algorithm>
#include <iterator>
#include <utility>

#include "kubewatch/cluster/cluster_zones.h"

namespace canopy::kube {

namespace {

// True when the slices' records are the same for both Services.
bool have_same_slices(const Service& a, const Service& b) {
  return a.type == b.type &&
         a.publish_not_ready_addresses == b.publish_not_ready_addresses;
}

// True when the records of a port are the same for both Services.
bool have_same_port_records(const Service& a, const Service& b) {
  return a.type == b.type && a.cluster_ips == b.cluster_ips &&
         bare_weight(a, a.ports.size()) == bare_weight(b, b.ports.size());
}

// Removes the common ports from both Services.
void drop_common_ports(Service& a, Service& b) {
  std::ranges::sort(a.ports);
  std::ranges::sort(b.ports);
  std::vector<ServicePort> only_a, only_b;
  std::ranges::set_difference(a.ports, b.ports, std::back_inserter(only_a));
  std::ranges::set_difference(b.ports, a.ports, std::back_inserter(only_b));
  a.ports = std::move(only_a);
  b.ports = std::move(only_b);
}

}  // namespace

// REQUIRES: `before` or `after` is not null; the store contains `after`.
// `removals` and `additions` are other changes to apply.
void ClusterZones::edit_service(const Service* before, const Service* after,
                                const EndpointTotals& old_totals,
                                Records removals, Records additions) {
  const bool same_slices = before != nullptr && after != nullptr &&
                           have_same_slices(*before, *after);
  const EndpointTotals new_totals =
      same_slices || after == nullptr ? old_totals : totals(*after);
  Service old_one = before == nullptr ? Service() : *before;
  Service new_one = after == nullptr ? Service() : *after;
  const std::size_t old_ports = old_one.ports.size();
  const std::size_t new_ports = new_one.ports.size();
  if (same_slices && have_same_port_records(old_one, new_one)) {
    drop_common_ports(old_one, new_one);
  }
  if (before != nullptr) {
    removals.append(
        service_records(options_.records, old_one, old_totals, old_ports));
  }
  if (after != nullptr) {
    additions.append(
        service_records(options_.records, new_one, new_totals, new_ports));
  }
  edit(std::move(removals), std::move(additions));
  if (same_slices) return;
  if (before != nullptr) {
    whole_slices(*before, old_totals, {},
                 [&](Records gone) { edit(std::move(gone), {}); });
  }
  if (after != nullptr) {
    whole_slices(*after, new_totals, {},
                 [&](Records come) { edit({}, std::move(come)); });
  }
}

}  // namespace canopy::kube
