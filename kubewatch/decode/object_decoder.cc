#include "kubewatch/decode/object_decoder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kubewatch/decode/object_fields.h"
#include "kubewatch/objects/dns_label.h"
#include "kubewatch/objects/object_limits.h"
#include "kubewatch/objects/rfc3339.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {

namespace {

using json::Value;

// The parts of one object that exceed the limits.
class LeftOut {
 public:
  void note(std::size_t kept, std::size_t all, const char* what) {
    if (kept == all) return;
    if (!text_.empty()) text_ += ", ";
    text_ +=
        std::to_string(all - kept) + " of " + std::to_string(all) + " " + what;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// Warnings and hints about one object, besides its content.
struct Remarks {
  LeftOut left_out;
  Flaws flaws;
};

// Longer ones are no labels, and no selector can ask for them.
constexpr std::size_t kMaxLabelKey = 253 + 1 + 63;
constexpr std::size_t kMaxLabelValue = 63;

KubeLabels labels_in(const Value& metadata, Remarks& remarks) {
  KubeLabels labels;
  const Value* found = remarks.flaws.value_or<const Value*>(
      nullptr, [&] { return object_in(metadata, "labels"); });
  if (found == nullptr) return labels;
  std::size_t all = 0;
  for (const auto& entry : found->GetObject()) {
    if (!entry.value.IsString()) {
      remarks.flaws.note("the value of label \"" + shown(view(entry.name)) +
                         "\" is not a string");
      continue;
    }
    ++all;
    if (labels.size() == kMaxLabels) continue;
    if (view(entry.name).size() > kMaxLabelKey) continue;
    if (view(entry.value).size() > kMaxLabelValue) continue;
    labels.emplace(view(entry.name), view(entry.value));
  }
  remarks.left_out.note(labels.size(), all, "labels");
  return labels;
}

std::string protocol_in(const Value& port) {
  std::string protocol = short_text_in(port, "protocol");
  return protocol.empty() ? "TCP" : protocol;
}

// A port that `read` throws at is left out, the others are not.
template <typename Port>
void read_ports(const Value& value, Remarks& remarks, std::vector<Port>& ports,
                Port (*read)(const Value&)) {
  std::size_t all = 0;
  for_each_object(value, "ports", remarks.flaws, [&](const Value& item) {
    Port port = read(item);
    ++all;
    if (ports.size() < kMaxPorts) ports.push_back(std::move(port));
  });
  remarks.left_out.note(ports.size(), all, "ports");
}

// --- Namespace ------------------------------------------------------------

Namespace decode_namespace(ObjectKey key, const KubeLabels& labels) {
  Namespace ns{std::move(key), labels};
  ns.key.namespace_.clear();
  // The API server sees to it that every Namespace has this one.
  ns.labels.emplace("kubernetes.io/metadata.name", ns.key.name);
  return ns;
}

// --- Service --------------------------------------------------------------

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

// spec.clusterIPs, or spec.clusterIP where the list is absent.
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

Service decode_service(const Value& value, ObjectKey key, Remarks& remarks) {
  Flaws& flaws = remarks.flaws;
  Service service;
  service.key = std::move(key);
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

// --- EndpointSlice --------------------------------------------------------

EndpointPort endpoint_port(const Value& port) {
  return {short_text_in(port, "name"), protocol_in(port), port_in(port)};
}

std::string pod_in(const Value& endpoint) {
  const Value* target = object_in(endpoint, "targetRef");
  if (target == nullptr || text_member(*target, "kind") != "Pod") return {};
  return short_text_in(*target, "name");
}

std::string hostname_in(const Value& endpoint) {
  std::string hostname = text_in(endpoint, "hostname");
  if (!hostname.empty()) check_label(hostname, "an endpoint's hostname");
  return hostname;
}

bool is_ready(const Value& endpoint) {
  const Value* conditions = object_in(endpoint, "conditions");
  return conditions == nullptr || flag_in(*conditions, "ready", true);
}

// Without address.
Endpoint endpoint_in(const Value& value, Flaws& flaws) {
  Endpoint endpoint;
  endpoint.hostname =
      flaws.value_or(std::string(), [&] { return hostname_in(value); });
  endpoint.pod_name =
      flaws.value_or(std::string(), [&] { return pod_in(value); });
  return endpoint;
}

// Returns how many there were, without those that cannot be read.
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

EndpointSlice decode_slice(const Value& value, const Value& metadata,
                           ObjectKey key, const KubeLabels& labels,
                           Remarks& remarks) {
  EndpointSlice slice;
  slice.key = std::move(key);
  slice.service_name = label(labels, "kubernetes.io/service-name");
  slice.last_change_trigger_time = trigger_time(metadata);
  // Deprecated and never resolved by any DNS: names instead of addresses.
  if (text_member(value, "addressType") == "FQDN") return slice;
  std::size_t all = 0;
  for_each_object(value, "endpoints", remarks.flaws, [&](const Value& item) {
    all += read_endpoint(item, remarks.flaws, slice);
  });
  remarks.left_out.note(slice.endpoints.size(), all, "endpoints");
  read_ports(value, remarks, slice.ports, endpoint_port);
  return slice;
}

// --- Endpoints of core/v1 -------------------------------------------------

// Returns how many there were, without those that cannot be read.
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

EndpointSlice decode_subset(const Value& subset, Remarks& remarks) {
  EndpointSlice slice;
  const std::size_t all =
      read_subset_addresses(subset, "addresses", true, remarks.flaws, slice) +
      read_subset_addresses(subset, "notReadyAddresses", false, remarks.flaws,
                            slice);
  remarks.left_out.note(slice.endpoints.size(), all, "endpoints");
  read_ports(subset, remarks, slice.ports, endpoint_port);
  return slice;
}

// One slice a subset.  Those of leader elections have names that no Service can
// have.
std::vector<EndpointSlice> decode_endpoints(const Value& value,
                                            const ObjectKey& key,
                                            Remarks& remarks) {
  std::vector<EndpointSlice> slices;
  std::size_t subsets = 0;
  for_each_object(value, "subsets", remarks.flaws, [&](const Value& subset) {
    if (++subsets > kMaxSubsets) return;
    EndpointSlice slice = decode_subset(subset, remarks);
    slice.key = subset_key(key, slices.size());
    if (is_dns_label(key.name)) slice.service_name = key.name;
    slices.push_back(std::move(slice));
  });
  remarks.left_out.note(slices.size(), subsets, "subsets");
  return slices;
}

// --- Pod ------------------------------------------------------------------

void add_address(std::string_view text, const char* where, Pod& pod) {
  if (pod.ips.size() == kMaxAddresses) return;
  const IpAddress address = checked_address(text, where);
  if (std::find(pod.ips.begin(), pod.ips.end(), address) == pod.ips.end()) {
    pod.ips.push_back(address);
  }
}

// A pod that terminates keeps its addresses while it drains.  One that has
// ended lost them: another pod may have them by now.
Pod decode_pod(const Value& value, ObjectKey key, Flaws& flaws) {
  Pod pod;
  pod.key = std::move(key);
  const Value* status = flaws.value_or<const Value*>(
      nullptr, [&] { return object_in(value, "status"); });
  if (status == nullptr) return pod;
  const std::string_view phase = text_member(*status, "phase");
  if (phase == "Succeeded" || phase == "Failed") return pod;
  for_each_object(*status, "podIPs", flaws, [&](const Value& ip) {
    add_address(text_in(ip, "ip"), "status.podIPs", pod);
  });
  flaws.guard([&] {
    const std::string single = text_in(*status, "podIP");
    if (!single.empty()) add_address(single, "status.podIP", pod);
  });
  return pod;
}

// --- any ------------------------------------------------------------------

enum class Wanted { kNamespace, kService, kEndpointSlice, kPod, kEndpoints };

struct KnownKind {
  std::string_view name;
  std::string_view group;  // before the version in apiVersion
  Wanted wanted;
  ObjectKind kind;
};
constexpr KnownKind kKnownKinds[] = {
    {"Namespace", "", Wanted::kNamespace, ObjectKind::kNamespace},
    {"Service", "", Wanted::kService, ObjectKind::kService},
    {"EndpointSlice", "discovery.k8s.io", Wanted::kEndpointSlice,
     ObjectKind::kEndpointSlice},
    {"Pod", "", Wanted::kPod, ObjectKind::kPod},
    {"Endpoints", "", Wanted::kEndpoints, ObjectKind::kEndpointSlice},
};

// Other groups have a Service too (serving.knative.dev).  Items of typed
// lists carry no apiVersion.
const KnownKind* known_kind(std::string_view kind, std::string_view version) {
  const std::size_t slash = version.find('/');
  const std::string_view group =
      slash == version.npos ? "" : version.substr(0, slash);
  for (const KnownKind& known : kKnownKinds) {
    if (known.name == kind && (version.empty() || known.group == group)) {
      return &known;
    }
  }
  return nullptr;
}

// Other kinds have longer names, with dots, which become no part of a name.
bool is_named_by_label(Wanted wanted) {
  return wanted == Wanted::kNamespace || wanted == Wanted::kService;
}

// What can be read of the key is in it when this fails.
void read_key(const Value& metadata, Wanted wanted, ObjectKey& key) {
  constexpr std::size_t kMaxName = 253;  // of any object
  const std::string ns = text_in(metadata, "namespace");
  const std::string name = text_in(metadata, "name");
  if (wanted != Wanted::kNamespace) {
    key.namespace_ = ns.empty() ? "default" : ns.substr(0, kMaxName);
  }
  key.name = name.substr(0, kMaxName);
  if (name.empty()) fail("metadata.name is missing");
  if (name.size() > kMaxName || is_named_by_label(wanted)) {
    check_label(name, "metadata.name");
  }
  if (wanted != Wanted::kNamespace && !ns.empty()) {
    check_label(ns, "metadata.namespace");
  }
}

DecodedObject decode_known(const Value& value, const KnownKind& known,
                           ObjectKey& key) {
  const Value* metadata = object_in(value, "metadata");
  if (metadata == nullptr) fail("metadata is missing");
  read_key(*metadata, known.wanted, key);
  DecodedObject decoded;
  Remarks remarks;
  decoded.labels = labels_in(*metadata, remarks);
  switch (known.wanted) {
    case Wanted::kNamespace:
      decoded.object = decode_namespace(key, decoded.labels);
      break;
    case Wanted::kService:
      decoded.object = decode_service(value, key, remarks);
      break;
    case Wanted::kEndpointSlice:
      decoded.object =
          decode_slice(value, *metadata, key, decoded.labels, remarks);
      break;
    case Wanted::kPod:
      decoded.object = decode_pod(value, key, remarks.flaws);
      break;
    case Wanted::kEndpoints: {
      std::vector<EndpointSlice> slices = decode_endpoints(value, key, remarks);
      EndpointSlice first;
      first.key = {key.namespace_, "endpoints/" + key.name + "/0"};
      if (!slices.empty()) {
        first = std::move(slices.front());
        slices.erase(slices.begin());
      }
      decoded.object = std::move(first);
      decoded.more = std::move(slices);
    }
  }
  decoded.left_out = remarks.left_out.take();
  decoded.unread = remarks.flaws.text();
  decoded.unread_count = remarks.flaws.count();
  return decoded;
}

}  // namespace

const Value* member(const Value& value, const char* name) {
  if (!value.IsObject()) return nullptr;
  const auto found = value.FindMember(name);
  return found == value.MemberEnd() ? nullptr : &found->value;
}

std::string_view text_member(const Value& value, const char* name) {
  const Value* found = member(value, name);
  return found && found->IsString() ? view(*found) : std::string_view();
}

Decoded decode_object(const Value& value, std::string_view default_kind) {
  std::string_view kind = text_member(value, "kind");
  if (kind.empty()) kind = default_kind;
  const KnownKind* known = known_kind(kind, text_member(value, "apiVersion"));
  if (known == nullptr) return OtherObject{shown(kind)};
  MalformedObject malformed;
  malformed.kind = known->kind;
  malformed.written_kind = known->name;
  try {
    return decode_known(value, *known, malformed.key);
  } catch (const Malformed& error) {
    malformed.why = error.why;
  } catch (const json::WrongType& error) {
    malformed.why = error.what();
  }
  return malformed;
}

}  // namespace canopy::kube
