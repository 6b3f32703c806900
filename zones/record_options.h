// How a cluster's objects become records, as the operator chose it.  Here
// because those who read the choice and those who make the records do not know
// each other.
#pragma once

#include <cstdint>

#include "zones/name.h"

namespace canopy {

// Which names of pods, such as 10-244-1-7.shop.pod, have records (--pods).
enum class PodRecords : std::uint8_t {
  kDisabled,
  kInsecure,  // any address that the name spells
  kVerified,  // the address of a pod of that namespace
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
