#include "kubewatch/decode/kind_decoders.h"
#include "kubewatch/decode/object_decoder.h"
#include "kubewatch/decode/port_fields.h"
#include "kubewatch/objects/object_limits.h"

namespace canopy::kube {

using json::Value;

namespace {

ServicePort service_port(const Value& port) {
  return {short_text_in(port, "name"), protocol_in(port),
          port_in(port).value_or(0)};
}

void read_address(std::string_view text, Service& service) {
  if (text == "None") {
    service.type = Service::Type::kHeadless;
  } else if (!text.empty() && service.cluster_ips.size() < kMaxAddresses) {
    service.cluster_ips.push_back(checked_address(text, "spec.clusterIP"));
  }
}

// Reads spec.clusterIPs, or spec.clusterIP if the list is absent.
void read_addresses(const Value& spec, Flaws& flaws, Service& service) {
  const Value* const list = flaws.value_or<const Value*>(
      nullptr, [&] { return array_in(spec, "clusterIPs"); });
  if (list != nullptr && !list->Empty()) {
    for (const Value& item : list->GetArray()) {
      flaws.guard([&] {
        if (!item.IsString())
          fail("spec.clusterIPs has an item that is not a string");
        read_address(view(item), service);
      });
    }
  } else {
    flaws.guard([&] { read_address(text_in(spec, "clusterIP"), service); });
  }
  if (service.type == Service::Type::kHeadless) service.cluster_ips.clear();
}

Service service_in(const Value& value, const ObjectKey& key, Remarks& remarks) {
  Flaws& flaws = remarks.flaws;
  Service service;
  service.key = key;
  const Value* spec = flaws.value_or<const Value*>(
      nullptr, [&] { return object_in(value, "spec"); });
  if (spec == nullptr) return service;
  if (text_member(*spec, "type") == "ExternalName") {
    service.type = Service::Type::kExternalName;
    service.external_name = flaws.value_or(
        std::string(), [&] { return short_text_in(*spec, "externalName"); });
  } else {
    read_addresses(*spec, flaws, service);
  }
  service.publish_not_ready_addresses = flaws.value_or(
      false, [&] { return flag_in(*spec, "publishNotReadyAddresses", false); });
  read_ports(*spec, remarks, service.ports, service_port);
  return service;
}

}  // namespace

void decode_service(const ObjectSource& source, DecodedObject& decoded,
                    Remarks& remarks) {
  decoded.object = service_in(source.value, source.key, remarks);
}

}  // namespace canopy::kube
