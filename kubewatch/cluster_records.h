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

#include <map>
#include <utility>
#include <vector>

#include "kubewatch/objects.h"
#include "zones/rrset.h"
#include "zones/zone_set.h"

namespace canopy::kube {

enum class PodRecords { kDisabled, kInsecure, kVerified };

struct RecordOptions {
  Name domain;                     // "cluster.local."
  std::uint32_t ttl = 30;          // seconds
  std::uint32_t negative_ttl = 5;  // seconds; SOA TTL and minimum
  PodRecords pods = PodRecords::kInsecure;
  bool endpoint_pod_names = false;
  bool ignore_empty_service = false;
};

// The zones a cluster has: the domain and the two reverse trees, which fall
// through to the upstreams.
std::vector<ZoneOptions> cluster_zones(const RecordOptions& options);

// Apex NS, dns-version and the names that exist in every cluster.
std::vector<Record> domain_records(const RecordOptions& options);
// Glue of ns.dns.<domain>: the addresses of our own Service.
std::vector<Record> own_service_records(const RecordOptions& options,
                                        const Service& service);

std::vector<Record> namespace_records(const RecordOptions& options,
                                      const Namespace& ns);
std::vector<Record> pod_records(const RecordOptions& options, const Pod& pod);

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

// What the Service contributes without looking at endpoint addresses.
std::vector<Record> service_records(const RecordOptions& options,
                                    const Service& service,
                                    const EndpointTotals& totals);
// What one slice contributes.  `service` is null when there is none (yet):
// then only nothing is said.
std::vector<Record> slice_records(const RecordOptions& options,
                                  const Service& service,
                                  const EndpointSlice& slice,
                                  const SrvWeights& weights);

// Why a Service lacks records although it exists; empty when it has all.  One
// line for the log ("externalName 10.0.0.1 is an address, ...").
std::string service_warning(const Service& service);

}  // namespace canopy::kube
