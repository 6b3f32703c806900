// Cluster IPs for Services whose manifests leave them out, in the place of the
// allocator of an API server (--service-cidr).
//
// An address follows from the Service's name and from what else there is, so
// that every replica and every start gives the same one.
//
// Pure; any thread.
#pragma once

#include <map>
#include <set>

#include "kubewatch/objects/objects.h"

namespace canopy::kube {

struct ServiceCidr {
  IpAddress network;  // its host bits are zero
  unsigned prefix = 0;

  friend bool operator==(const ServiceCidr&, const ServiceCidr&) = default;
};

// One address for each of `wanting`, and none of `taken`.  Where two names
// lead to one address, the later name goes on to the next.  Services for which
// no address is left are not in the result.
std::map<ObjectKey, IpAddress> allocate_addresses(
    const ServiceCidr& cidr, const std::set<ObjectKey>& wanting,
    const std::set<IpAddress>& taken);

}  // namespace canopy::kube
