#include "kubewatch/object_decoder.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "kubewatch/object_limits.h"
#include "kubewatch/rfc3339.h"
#include "kubewatch/shown_text.h"

namespace canopy::kube {

namespace {

using json::Value;

// Leaves an object half way.  Never leaves this file.
struct Malformed {
  std::string why;
};

[[noreturn]] void fail(std::string why) { throw Malformed{std::move(why)}; }

bool is_set(const Value* value) { return value && !value->IsNull(); }

std::string_view view(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

void check_label(std::string_view text, const char* where) {
  if (is_dns_label(text)) return;
  constexpr std::size_t kMost = 64;
  const bool all = text.size() <= kMost;
  fail(std::string(where) + " \"" + std::string(text.substr(0, kMost)) +
       (all ? "\"" : "...\" (" + std::to_string(text.size()) + " octets)") +
       " is not a DNS label: 1 to 63 letters, digits and '-', which is neither "
       "first nor last");
}

// The member, with null as good as missing; anything but `type` is an error.
const Value* object_in(const Value& value, const char* name) {
  const Value* found = member(value, name);
  if (!is_set(found)) return nullptr;
  if (!found->IsObject()) fail(std::string(name) + " is not a mapping");
  return found;
}

const Value* array_in(const Value& value, const char* name) {
  const Value* found = member(value, name);
  if (!is_set(found)) return nullptr;
  if (!found->IsArray()) fail(std::string(name) + " is not a list");
  return found;
}

std::string text_in(const Value& value, const char* name) {
  const Value* found = member(value, name);
  if (!is_set(found)) return {};
  if (!found->IsString()) fail(std::string(name) + " is not a string");
  return std::string(view(*found));
}

// Of what has a short one in every object that the API server takes.
std::string short_text_in(const Value& value, const char* name) {
  std::string text = text_in(value, name);
  if (text.size() > kMaxText) {
    fail(std::string(name) + " \"" + shown(text) + "\" is too long");
  }
  return text;
}

// What the limits leave out of one object.
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

bool flag_in(const Value& value, const char* name, bool absent) {
  const Value* found = member(value, name);
  if (!is_set(found)) return absent;
  if (!found->IsBool()) fail(std::string(name) + " is not true or false");
  return found->GetBool();
}

std::optional<std::uint16_t> port_in(const Value& value) {
  const Value* found = member(value, "port");
  if (!is_set(found)) return std::nullopt;
  if (!found->IsUint() || found->GetUint() > 65535) {
    fail("port is not a number from 0 to 65535");
  }
  return static_cast<std::uint16_t>(found->GetUint());
}

void for_each_object(const Value* list, const char* name,
                     const std::function<void(const Value&)>& visit) {
  if (list == nullptr) return;
  for (const Value& item : list->GetArray()) {
    if (!item.IsObject()) {
      fail(std::string(name) + " holds something that is not a mapping");
    }
    visit(item);
  }
}

IpAddress address(std::string_view text, const char* where) {
  if (auto parsed = ip_from_text(text)) return *parsed;
  fail(std::string(where) + " \"" + std::string(text.substr(0, 64)) +
       "\" is not an IP address");
}

// Longer ones are no labels, and no selector can ask for them.
constexpr std::size_t kMaxLabelKey = 253 + 1 + 63;
constexpr std::size_t kMaxLabelValue = 63;

KubeLabels labels_in(const Value& metadata, LeftOut& left_out) {
  KubeLabels labels;
  const Value* found = object_in(metadata, "labels");
  if (found == nullptr) return labels;
  for (const auto& entry : found->GetObject()) {
    if (!entry.value.IsString()) {
      fail("the value of label \"" + shown(view(entry.name)) +
           "\" is not a string");
    }
    if (labels.size() == kMaxLabels) continue;
    if (view(entry.name).size() > kMaxLabelKey) continue;
    if (view(entry.value).size() > kMaxLabelValue) continue;
    labels.emplace(view(entry.name), view(entry.value));
  }
  left_out.note(labels.size(), found->MemberCount(), "labels");
  return labels;
}

std::string protocol_in(const Value& port) {
  std::string protocol = short_text_in(port, "protocol");
  return protocol.empty() ? "TCP" : protocol;
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

// spec.clusterIPs, or spec.clusterIP where the list is absent.
std::vector<std::string> cluster_ip_texts(const Value& spec) {
  std::vector<std::string> texts;
  if (const Value* list = array_in(spec, "clusterIPs")) {
    for (const Value& item : list->GetArray()) {
      if (!item.IsString()) fail("spec.clusterIPs holds more than strings");
      texts.emplace_back(view(item));
    }
  }
  if (texts.empty()) texts.push_back(text_in(spec, "clusterIP"));
  return texts;
}

void read_addresses(const Value& spec, Service& service) {
  for (const std::string& text : cluster_ip_texts(spec)) {
    if (text == "None") {
      service.type = Service::Type::kHeadless;
    } else if (!text.empty() && service.cluster_ips.size() < kMaxAddresses) {
      service.cluster_ips.push_back(address(text, "spec.clusterIP"));
    }
  }
  if (service.type == Service::Type::kHeadless) service.cluster_ips.clear();
}

Service decode_service(const Value& value, ObjectKey key, LeftOut& left_out) {
  Service service;
  service.key = std::move(key);
  const Value* spec = object_in(value, "spec");
  if (spec == nullptr) return service;
  if (text_member(*spec, "type") == "ExternalName") {
    service.type = Service::Type::kExternalName;
    service.external_name = short_text_in(*spec, "externalName");
  } else {
    read_addresses(*spec, service);
  }
  service.publish_not_ready_addresses =
      flag_in(*spec, "publishNotReadyAddresses", false);
  std::size_t ports = 0;
  for_each_object(array_in(*spec, "ports"), "ports", [&](const Value& port) {
    if (++ports > kMaxPorts) return;
    service.ports.push_back({short_text_in(port, "name"), protocol_in(port),
                             port_in(port).value_or(0)});
  });
  left_out.note(service.ports.size(), ports, "ports");
  return service;
}

// --- EndpointSlice --------------------------------------------------------

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

// Returns how many there were.
std::size_t read_endpoint(const Value& value, EndpointSlice& slice) {
  const Value* addresses = array_in(value, "addresses");
  if (addresses == nullptr) return 0;
  Endpoint endpoint;
  endpoint.hostname = hostname_in(value);
  endpoint.pod_name = pod_in(value);
  endpoint.ready = is_ready(value);
  for (const Value& text : addresses->GetArray()) {
    if (!text.IsString()) fail("addresses holds more than strings");
    if (slice.endpoints.size() == kMaxEndpoints) break;
    endpoint.address = address(view(text), "an endpoint's address");
    slice.endpoints.push_back(endpoint);
  }
  return addresses->Size();
}

void read_ports(const Value& value, EndpointSlice& slice, LeftOut& left_out) {
  std::size_t ports = 0;
  for_each_object(array_in(value, "ports"), "ports", [&](const Value& port) {
    if (++ports > kMaxPorts) return;
    slice.ports.push_back(
        {short_text_in(port, "name"), protocol_in(port), port_in(port)});
  });
  left_out.note(slice.ports.size(), ports, "ports");
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
                           LeftOut& left_out) {
  EndpointSlice slice;
  slice.key = std::move(key);
  slice.service_name = label(labels, "kubernetes.io/service-name");
  slice.last_change_trigger_time = trigger_time(metadata);
  // Deprecated and never resolved by any DNS: names instead of addresses.
  if (text_member(value, "addressType") == "FQDN") return slice;
  std::size_t endpoints = 0;
  for_each_object(
      array_in(value, "endpoints"), "endpoints",
      [&](const Value& item) { endpoints += read_endpoint(item, slice); });
  left_out.note(slice.endpoints.size(), endpoints, "endpoints");
  read_ports(value, slice, left_out);
  return slice;
}

// --- Endpoints of core/v1 -------------------------------------------------

// Returns how many there were.
std::size_t read_subset_addresses(const Value& subset, const char* name,
                                  bool ready, EndpointSlice& slice) {
  const Value* const addresses = array_in(subset, name);
  for_each_object(addresses, name, [&](const Value& item) {
    if (slice.endpoints.size() == kMaxEndpoints) return;
    Endpoint endpoint;
    endpoint.address = address(text_in(item, "ip"), "an endpoint's ip");
    endpoint.hostname = hostname_in(item);
    endpoint.pod_name = pod_in(item);
    endpoint.ready = ready;
    slice.endpoints.push_back(std::move(endpoint));
  });
  return addresses == nullptr ? 0 : addresses->Size();
}

// One slice a subset, named so that no EndpointSlice can be called the same.
std::vector<EndpointSlice> decode_endpoints(const Value& value,
                                            const ObjectKey& key,
                                            LeftOut& left_out) {
  std::vector<EndpointSlice> slices;
  std::size_t subsets = 0;
  for_each_object(array_in(value, "subsets"), "subsets", [&](const Value& it) {
    if (++subsets > kMaxSubsets) return;
    EndpointSlice slice;
    slice.key = {key.namespace_,
                 "endpoints/" + key.name + "/" + std::to_string(slices.size())};
    slice.service_name = key.name;
    const std::size_t endpoints =
        read_subset_addresses(it, "addresses", true, slice) +
        read_subset_addresses(it, "notReadyAddresses", false, slice);
    left_out.note(slice.endpoints.size(), endpoints, "endpoints");
    read_ports(it, slice, left_out);
    slices.push_back(std::move(slice));
  });
  left_out.note(slices.size(), subsets, "subsets");
  return slices;
}

// --- Pod ------------------------------------------------------------------

// A pod that is on its way out has no addresses, and so no records.
Pod decode_pod(const Value& value, const Value& metadata, ObjectKey key) {
  Pod pod;
  pod.key = std::move(key);
  const Value* status = object_in(value, "status");
  if (status == nullptr || is_set(member(metadata, "deletionTimestamp"))) {
    return pod;
  }
  const std::string_view phase = text_member(*status, "phase");
  if (phase == "Succeeded" || phase == "Failed") return pod;
  for_each_object(array_in(*status, "podIPs"), "podIPs", [&](const Value& ip) {
    if (pod.ips.size() == kMaxAddresses) return;
    pod.ips.push_back(address(text_in(ip, "ip"), "status.podIPs"));
  });
  const std::string single = text_in(*status, "podIP");
  if (pod.ips.empty() && !single.empty()) {
    pod.ips.push_back(address(single, "status.podIP"));
  }
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
  return wanted == Wanted::kNamespace || wanted == Wanted::kService ||
         wanted == Wanted::kEndpoints;
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
  LeftOut left_out;
  decoded.labels = labels_in(*metadata, left_out);
  switch (known.wanted) {
    case Wanted::kNamespace:
      decoded.object = decode_namespace(key, decoded.labels);
      break;
    case Wanted::kService:
      decoded.object = decode_service(value, key, left_out);
      break;
    case Wanted::kEndpointSlice:
      decoded.object =
          decode_slice(value, *metadata, key, decoded.labels, left_out);
      break;
    case Wanted::kPod:
      decoded.object = decode_pod(value, *metadata, key);
      break;
    case Wanted::kEndpoints: {
      std::vector<EndpointSlice> slices =
          decode_endpoints(value, key, left_out);
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
  decoded.left_out = left_out.take();
  return decoded;
}

}  // namespace

bool is_dns_label(std::string_view text) {
  constexpr std::size_t kMaxLabel = 63;
  return !text.empty() && text.size() <= kMaxLabel && text.front() != '-' &&
         text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; });
}

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
  MalformedObject malformed{known->kind, {}, {}};
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
