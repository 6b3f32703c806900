// The operator's options for turning a cluster's objects into records.  They
// are in this folder because server/ reads the options and kubewatch/ makes the
// records, and neither may include the other.
#pragma once

#include <cstdint>

#include "zones/name.h"

namespace canopy {

// Which pod names, such as 10-244-1-7.shop.pod, have records (--pods).
enum class PodRecords : std::uint8_t {
  kDisabled,
  kInsecure,  // the address in the name, unchecked
  kVerified,  // only if a pod of that namespace has it
};

struct RecordOptions {
  Name domain = *Name::from_text("cluster.local");
  std::uint32_t ttl = 30;          // seconds
  std::uint32_t negative_ttl = 5;  // seconds; SOA TTL and minimum
  PodRecords pods = PodRecords::kInsecure;
  bool endpoint_pod_names = false;
  bool ignore_empty_service = false;
};

}  // namespace canopy
