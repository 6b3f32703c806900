// The Kubernetes DNS specification 1.1.0 as pure functions from objects to
// records.  No state, no clock, no I/O; any thread.
//
// The records of a cluster are the sum of the records of its objects:
//   cluster zone   apex, ns.dns, dns-version, svc, pod
//   Namespace      <ns>.svc, <ns>.pod
//   Service        its own names, its ports, its PTRs
//   EndpointSlice  the names and PTRs of its endpoints, and for a headless
//                  Service its share of the Service's own addresses and SRVs
//   Pod            <dashed address>.<ns>.pod, with --pods=verified
// Zones count records.  Therefore a changed endpoint costs only its own
// records, not those of its slice or Service.  Only SRV weights depend on the
// whole Service.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kubewatch/objects/objects.h"
#include "zones/record_list.h"
#include "zones/record_options.h"
#include "zones/zone_set.h"

namespace canopy::kube {

// The zones of a cluster: the domain and the two reverse trees, which fall
// through to the upstreams.
std::vector<ZoneOptions> cluster_zones(const RecordOptions& options);

// Apex NS, dns-version, and the names that exist in every cluster.
RecordList domain_records(const RecordOptions& options);
// The glue of ns.dns.<domain>: the addresses of our own Service.
RecordList own_service_records(const RecordOptions& options,
                               const Service& service);

RecordList namespace_records(const RecordOptions& options, const Namespace& ns);
RecordList pod_records(const RecordOptions& options, const Pod& pod);

// The totals of all slices of a Service.
struct EndpointTotals {
  std::size_t ready = 0;  // endpoints, all slices
  // per (port name, protocol): ready endpoints that serve it
  std::map<std::pair<std::string, std::string>, std::size_t> ready_by_port;
  // endpoints times ports, all slices
  std::size_t ready_ports = 0;

  void add(const EndpointSlice& slice, const Service& service);
  friend bool operator==(const EndpointTotals&,
                         const EndpointTotals&) = default;
};

// SRV weights, computed from the totals.  Slices must be recomputed only when
// the weights change.
struct SrvWeights {
  std::uint16_t bare = 100;  // at the Service's own name, all ports
  std::map<std::pair<std::string, std::string>, std::uint16_t> by_port;
  friend bool operator==(const SrvWeights&, const SrvWeights&) = default;
};
SrvWeights srv_weights(const EndpointTotals& totals);

// The weight at a ClusterIP Service's own name: 100 divided by the number of
// its addresses times `ports`.
std::uint16_t bare_weight(const Service& service, std::size_t ports);

// The Service's records, except those of endpoint addresses.  `all_ports` is
// the number of its ports if `service` has only some of them.
RecordList service_records(const RecordOptions& options, const Service& service,
                           const EndpointTotals& totals,
                           std::optional<std::size_t> all_ports = std::nullopt);

// Selects the pairs of an endpoint and a port of a slice that have SRV records:
// all pairs up to kMaxSrvPairs, otherwise a fair part.  Each port keeps some
// endpoints, and each endpoint some ports.  The selection depends on the
// endpoint's address, so that adding or removing an endpoint does not affect
// others.
struct SrvShare {
  std::size_t ports = 0;   // only the first ones count
  std::size_t stride = 1;  // one pair in `stride` is kept; a power of two

  // The first port of the endpoint; every `stride`-th port after it follows.
  std::size_t first_port(const IpAddress& address) const;
  bool is_whole(const EndpointSlice& slice) const {
    return stride == 1 && ports == slice.ports.size();
  }
  friend bool operator==(const SrvShare&, const SrvShare&) = default;
};
SrvShare srv_share(const EndpointSlice& slice);

// The records of one slice.  `share` is that of the whole slice, even if
// `slice` has only some of its endpoints.
RecordList slice_records(const RecordOptions& options, const Service& service,
                         const EndpointSlice& slice, const SrvWeights& weights,
                         std::optional<SrvShare> share = std::nullopt);

// The reason why an existing Service lacks records; empty when it has all.  One
// line for the log ("externalName 10.0.0.1 is an address, ...").
std::string service_warning(const Service& service);
// The part of a slice that is not served although it was kept: "SRV records of
// 93750 of 100000 pairs of endpoints and ports".  Empty when there is none.
std::string slice_left_out(const EndpointSlice& slice);

}  // namespace canopy::kube
