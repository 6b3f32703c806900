#include <utility>
#include <vector>

#include "kubewatch/decode/endpoint_fields.h"
#include "kubewatch/decode/kind_decoders.h"
#include "kubewatch/decode/port_fields.h"
#include "kubewatch/objects/dns_label.h"
#include "kubewatch/objects/object_limits.h"

namespace canopy::kube {

using json::Value;

namespace {

// Returns the number of addresses, without those that cannot be read.
std::size_t read_subset_addresses(const Value& subset, const char* name,
                                  bool ready, Flaws& flaws,
                                  EndpointSlice& slice) {
  std::size_t count = 0;
  for_each_object(subset, name, flaws, [&](const Value& item) {
    const IpAddress address =
        checked_address(text_in(item, "ip"), "an endpoint's ip");
    ++count;
    if (slice.endpoints.size() == kMaxEndpoints) return;
    Endpoint endpoint = endpoint_in(item, flaws);
    endpoint.address = address;
    endpoint.ready = ready;
    slice.endpoints.push_back(std::move(endpoint));
  });
  return count;
}

EndpointSlice subset_in(const Value& subset, Remarks& remarks) {
  EndpointSlice slice;
  const std::size_t all =
      read_subset_addresses(subset, "addresses", true, remarks.flaws, slice) +
      read_subset_addresses(subset, "notReadyAddresses", false, remarks.flaws,
                            slice);
  remarks.left_out.note(slice.endpoints.size(), all, "endpoints");
  read_ports(subset, remarks, slice.ports, endpoint_port);
  return slice;
}

// Makes one slice per subset.  Endpoints for leader election have names that no
// Service can have, and are skipped.
std::vector<EndpointSlice> slices_in(const Value& value, const ObjectKey& key,
                                     Remarks& remarks) {
  std::vector<EndpointSlice> slices;
  std::size_t subsets = 0;
  for_each_object(value, "subsets", remarks.flaws, [&](const Value& subset) {
    if (++subsets > kMaxSubsets) return;
    EndpointSlice slice = subset_in(subset, remarks);
    slice.key = subset_key(key, slices.size());
    if (is_dns_label(key.name)) slice.service_name = key.name;
    slices.push_back(std::move(slice));
  });
  remarks.left_out.note(slices.size(), subsets, "subsets");
  return slices;
}

}  // namespace

// Endpoints without subsets become one empty slice, which replaces the first
// slice of the earlier version.
void decode_endpoints(const ObjectSource& source, DecodedObject& decoded,
                      Remarks& remarks) {
  std::vector<EndpointSlice> slices =
      slices_in(source.value, source.key, remarks);
  EndpointSlice first;
  first.key = subset_key(source.key, 0);
  if (!slices.empty()) {
    first = std::move(slices.front());
    slices.erase(slices.begin());
  }
  decoded.object = std::move(first);
  decoded.more = std::move(slices);
}

}  // namespace canopy::kube
