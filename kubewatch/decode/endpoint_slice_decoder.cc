#include <utility>

#include "kubewatch/decode/endpoint_fields.h"
#include "kubewatch/decode/kind_decoders.h"
#include "kubewatch/decode/object_decoder.h"
#include "kubewatch/decode/port_fields.h"
#include "kubewatch/objects/object_limits.h"
#include "kubewatch/objects/rfc3339.h"

namespace canopy::kube {

using json::Value;

namespace {

bool is_ready(const Value& endpoint) {
  const Value* conditions = object_in(endpoint, "conditions");
  return conditions == nullptr || flag_in(*conditions, "ready", true);
}

// Returns the number of addresses, without those that cannot be read.
std::size_t read_endpoint(const Value& value, Flaws& flaws,
                          EndpointSlice& slice) {
  const Value* addresses = array_in(value, "addresses");
  if (addresses == nullptr) return 0;
  Endpoint endpoint = endpoint_in(value, flaws);
  endpoint.ready = flaws.value_or(true, [&] { return is_ready(value); });
  std::size_t count = 0;
  for (const Value& text : addresses->GetArray()) {
    flaws.guard([&] {
      endpoint.address = checked_address(text, "an endpoint's address");
      ++count;
      if (slice.endpoints.size() == kMaxEndpoints) return;
      slice.endpoints.push_back(endpoint);
    });
  }
  return count;
}

void read_endpoints(const Value& value, Remarks& remarks,
                    EndpointSlice& slice) {
  std::size_t all = 0;
  for_each_object(value, "endpoints", remarks.flaws, [&](const Value& item) {
    all += read_endpoint(item, remarks.flaws, slice);
  });
  remarks.left_out.note(slice.endpoints.size(), all, "endpoints");
}

double trigger_time(const Value& metadata) {
  const Value* annotations = member(metadata, "annotations");
  if (!is_set(annotations)) return 0;
  return seconds_from_rfc3339(text_member(
      *annotations, "endpoints.kubernetes.io/last-change-trigger-time"));
}

std::string label(const KubeLabels& labels, const char* name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

}  // namespace

void decode_slice(const ObjectSource& source, DecodedObject& decoded,
                  Remarks& remarks) {
  const Value& value = source.value;
  EndpointSlice slice;
  slice.key = source.key;
  slice.service_name = label(decoded.labels, "kubernetes.io/service-name");
  slice.last_change_trigger_time = trigger_time(source.metadata);
  // FQDN slices have names instead of addresses.  They are deprecated, and no
  // DNS server ever resolved them.
  if (text_member(value, "addressType") != "FQDN") {
    read_endpoints(value, remarks, slice);
    read_ports(value, remarks, slice.ports, endpoint_port);
  }
  decoded.object = std::move(slice);
}

}  // namespace canopy::kube
