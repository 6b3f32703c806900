// Limits on the served part of one object.  An object of a few kilobytes can
// require millions of records: an EndpointSlice makes three SRV records for
// each pair of an endpoint and a port.  Parts beyond the limits are logged once
// and counted (canopydns_watch_objects_cut).
#pragma once

#include <cstddef>

namespace canopy::kube {

// The most endpoints of a slice, one per address.  The API allows 1,000
// endpoints, and controllers give each one address.
inline constexpr std::size_t kMaxEndpoints = 10'000;
// The most ports of a Service or a slice; the API allows as many in a slice.
inline constexpr std::size_t kMaxPorts = 20'000;
// The most pairs of endpoints and ports of a slice that have SRV records.  The
// slices of Kubernetes' controller have 100 endpoints, so that all their pairs
// have records up to 100 ports.
inline constexpr std::size_t kMaxSrvPairs = 10'000;
// The most subsets of core/v1 Endpoints.
inline constexpr std::size_t kMaxSubsets = 1'000;
// The most addresses of a Service or a Pod; the API allows two.
inline constexpr std::size_t kMaxAddresses = 16;
inline constexpr std::size_t kMaxLabels = 1'000;
// The most octets of a port, protocol, pod or host name, and of an
// externalName.
inline constexpr std::size_t kMaxText = 255;

}  // namespace canopy::kube
