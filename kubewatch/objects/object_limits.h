// How much of one object is served.  An object of a few kilobytes can ask for
// millions of records: an EndpointSlice makes three SRV records for each pair
// of an endpoint and a port.  What the limits leave out is said in the log,
// once, and counted (canopydns_watch_objects_cut).
#pragma once

#include <cstddef>

namespace canopy::kube {

// Of a slice, one for each address.  The API takes 1,000 endpoints, whose
// writers give them one address each.
inline constexpr std::size_t kMaxEndpoints = 10'000;
// Of a Service or a slice.  As many as the API takes in a slice.
inline constexpr std::size_t kMaxPorts = 20'000;
// Endpoints times ports of a slice that have SRV records.  All of the slices
// that Kubernetes' controller writes, with 100 endpoints, have them up to 100
// ports.
inline constexpr std::size_t kMaxSrvPairs = 10'000;
// core/v1 Endpoints: subsets.
inline constexpr std::size_t kMaxSubsets = 1'000;
// Of a Service or a Pod, which the API gives two.
inline constexpr std::size_t kMaxAddresses = 16;
inline constexpr std::size_t kMaxLabels = 1'000;
// Octets of names of ports, protocols, pods and hosts, and of an externalName.
inline constexpr std::size_t kMaxText = 255;

}  // namespace canopy::kube
