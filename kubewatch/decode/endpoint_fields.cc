#include "kubewatch/decode/endpoint_fields.h"

#include "kubewatch/decode/object_decoder.h"
#include "kubewatch/decode/port_fields.h"

namespace canopy::kube {

using json::Value;

namespace {

std::string pod_name_in(const Value& endpoint) {
  const Value* target = object_in(endpoint, "targetRef");
  if (target == nullptr || text_member(*target, "kind") != "Pod") return {};
  return short_text_in(*target, "name");
}

std::string hostname_in(const Value& endpoint) {
  std::string hostname = text_in(endpoint, "hostname");
  if (!hostname.empty()) check_label(hostname, "an endpoint's hostname");
  return hostname;
}

}  // namespace

Endpoint endpoint_in(const Value& value, Flaws& flaws) {
  Endpoint endpoint;
  endpoint.hostname =
      flaws.value_or(std::string(), [&] { return hostname_in(value); });
  endpoint.pod_name =
      flaws.value_or(std::string(), [&] { return pod_name_in(value); });
  return endpoint;
}

EndpointPort endpoint_port(const Value& port) {
  return {short_text_in(port, "name"), protocol_in(port), port_in(port)};
}

}  // namespace canopy::kube
