// The operator's options for turning a cluster's objects into records.  They
// are in this folder because server/ reads the options and kubewatch/ makes the
// records, and neither may include the other.
#pragma once

#include <cstdint>
#include <vector>

#include "zones/name.h"

namespace canopy {

// Which pod names, such as 10-244-1-7.shop.pod, have records (--pods).
enum class PodRecords : std::uint8_t {
  kDisabled,
  kInsecure,  // the address in the name, unchecked
  kVerified,  // only if a pod of that namespace has it
};

// A zone whose names may also exist elsewhere: upstreams are asked for those
// that the cluster lacks.
struct ClusterZone {
  Name apex;
  bool falls_through = false;

  friend bool operator==(const ClusterZone&, const ClusterZone&) = default;
};

struct RecordOptions {
  Name domain = *Name::from_text("cluster.local");
  bool domain_falls_through = false;
  // PTR records outside these zones are not served.
  std::vector<ClusterZone> reverse_zones = {
      {*Name::from_text("in-addr.arpa"), true},
      {*Name::from_text("ip6.arpa"), true}};
  std::uint32_t ttl = 30;          // seconds
  std::uint32_t negative_ttl = 5;  // seconds; SOA TTL and minimum
  PodRecords pods = PodRecords::kInsecure;
  bool endpoint_pod_names = false;
  bool ignore_empty_service = false;

  friend bool operator==(const RecordOptions&, const RecordOptions&) = default;
};

}  // namespace canopy
