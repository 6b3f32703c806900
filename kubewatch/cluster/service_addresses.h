// Allocates cluster IPs for Services whose manifests do not have one
// (--service-cidr), as an API server would.
//
// An address depends only on the Service's name and on the other Services, so
// that every replica and every start allocates the same one.
//
// Pure; any thread.
#pragma once

#include <map>
#include <set>

#include "kubewatch/objects/objects.h"

namespace canopy::kube {

struct ServiceCidr {
  IpAddress network;  // host bits are zero
  unsigned prefix = 0;

  friend bool operator==(const ServiceCidr&, const ServiceCidr&) = default;
};

// Allocates one address for each of `wanting`, and none of `taken`.  If two
// names map to one address, the later name gets the next free one.  Services
// for which no address is left are missing in the result.
std::map<ObjectKey, IpAddress> allocate_addresses(
    const ServiceCidr& cidr, const std::set<ObjectKey>& wanting,
    const std::set<IpAddress>& taken);

}  // namespace canopy::kube
