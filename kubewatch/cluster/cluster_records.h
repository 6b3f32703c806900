// The Kubernetes DNS specification 1.1.0 as pure functions: objects in,
// records out.  No state, no clock, no I/O; any thread.
//
// The records of a cluster are the sum of what each object contributes:
//   cluster zone   apex, ns.dns, dns-version, svc, pod
//   Namespace      <ns>.svc, <ns>.pod
//   Service        its own names, its ports, its PTRs
//   EndpointSlice  the names and PTRs of its endpoints, and for a headless
//                  Service its share of the Service's own addresses and SRVs
//   Pod            <dashed address>.<ns>.pod, with --pods=verified
// Zones count records, so a changed endpoint costs its own records, not those
// of its slice or Service.  Only SRV weights look at the Service as a whole.
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

// The zones a cluster has: the domain and the two reverse trees, which fall
// through to the upstreams.
std::vector<ZoneOptions> cluster_zones(const RecordOptions& options);

// Apex NS, dns-version and the names that exist in every cluster.
RecordList domain_records(const RecordOptions& options);
// Glue of ns.dns.<domain>: the addresses of our own Service.
RecordList own_service_records(const RecordOptions& options,
                               const Service& service);

RecordList namespace_records(const RecordOptions& options, const Namespace& ns);
RecordList pod_records(const RecordOptions& options, const Pod& pod);

// What a Service's slices are, taken together.
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

// SRV weights that follow from the totals; slices need to be looked at again
// only when these change.
struct SrvWeights {
  std::uint16_t bare = 100;  // the Service's own name, all ports
  std::map<std::pair<std::string, std::string>, std::uint16_t> by_port;
  friend bool operator==(const SrvWeights&, const SrvWeights&) = default;
};
SrvWeights srv_weights(const EndpointTotals& totals);

// Of a ClusterIP Service's own name: 100 shared among its addresses times
// `ports`.
std::uint16_t bare_weight(const Service& service, std::size_t ports);

// What the Service contributes without looking at endpoint addresses.
// `all_ports` is how many ports it has when `service` holds only some of them.
RecordList service_records(const RecordOptions& options, const Service& service,
                           const EndpointTotals& totals,
                           std::optional<std::size_t> all_ports = std::nullopt);

// Which pairs of an endpoint and a port of a slice have SRV records: all, up
// to kMaxSrvPairs, and beyond that a fair part.  Each port keeps some of the
// endpoints and each endpoint some of the ports, by the endpoint's address, so
// that one endpoint more or less changes no other's.
struct SrvShare {
  std::size_t ports = 0;   // the first ones
  std::size_t stride = 1;  // one in so many pairs; a power of two

  // The endpoint has this port of them, and from there on one in `stride`.
  std::size_t first_port(const IpAddress& address) const;
  bool is_whole(const EndpointSlice& slice) const {
    return stride == 1 && ports == slice.ports.size();
  }
  friend bool operator==(const SrvShare&, const SrvShare&) = default;
};
SrvShare srv_share(const EndpointSlice& slice);

// What one slice contributes.  `share` is that of the whole slice when `slice`
// holds only some of its endpoints.
RecordList slice_records(const RecordOptions& options, const Service& service,
                         const EndpointSlice& slice, const SrvWeights& weights,
                         std::optional<SrvShare> share = std::nullopt);

// Why a Service lacks records although it exists; empty when it has all.  One
// line for the log ("externalName 10.0.0.1 is an address, ...").
std::string service_warning(const Service& service);
// What of a slice is not served although it was kept: "SRV records of 93750 of
// 100000 pairs of endpoints and ports".  Empty: nothing.
std::string slice_left_out(const EndpointSlice& slice);

}  // namespace canopy::kube
