// Kubernetes API objects, reduced to the fields that DNS needs.  Plain values.
// Field names are the API's (core/v1, discovery.k8s.io/v1).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kubewatch/objects/api_kinds.h"
#include "zones/rrset.h"

namespace canopy::kube {

using KubeLabels = std::map<std::string, std::string>;

// The key of every object.  `namespace_` is empty for a Namespace.
struct ObjectKey {
  std::string namespace_;
  std::string name;

  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

struct ServicePort {
  std::string name;      // may be empty
  std::string protocol;  // "TCP", "UDP", "SCTP"; empty means TCP
  std::uint16_t port = 0;

  // A total order.
  friend auto operator<=>(const ServicePort&, const ServicePort&) = default;
};

struct Service {
  ObjectKey key;
  enum class Type {
    kClusterIp,
    kHeadless,
    kExternalName
  } type = Type::kClusterIp;
  // spec.clusterIPs, or clusterIP when the list is absent; none if headless
  std::vector<IpAddress> cluster_ips;
  std::string external_name;
  bool publish_not_ready_addresses = false;
  std::vector<ServicePort> ports;

  friend bool operator==(const Service&, const Service&) = default;
};

struct Endpoint {
  IpAddress address;     // one per address of the API's endpoint
  std::string hostname;  // may be empty
  std::string pod_name;  // targetRef.name of a Pod; may be empty
  bool ready = true;     // conditions.ready, where absent means true

  // A total order.
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

struct EndpointPort {
  std::string name;
  std::string protocol;
  std::optional<std::uint16_t> port;  // none: all ports; no SRV record

  friend bool operator==(const EndpointPort&, const EndpointPort&) = default;
};

struct EndpointSlice {
  ObjectKey key;
  std::string service_name;  // label kubernetes.io/service-name
  std::vector<Endpoint> endpoints;
  std::vector<EndpointPort> ports;
  // The annotation endpoints.kubernetes.io/last-change-trigger-time in seconds
  // since the epoch, 0 when absent.  Used for the programming latency; ignored
  // when slices are compared.
  double last_change_trigger_time = 0;

  bool same_records(const EndpointSlice& other) const {
    return service_name == other.service_name && endpoints == other.endpoints &&
           ports == other.ports;
  }
};

struct Namespace {
  ObjectKey key;
  KubeLabels labels;  // for --namespace-labels

  friend bool operator==(const Namespace&, const Namespace&) = default;
};

struct Pod {
  ObjectKey key;
  std::vector<IpAddress> ips;  // status.podIPs, or podIP

  friend bool operator==(const Pod&, const Pod&) = default;
};

// In the order of ObjectKind.
using Object = std::variant<Namespace, Service, EndpointSlice, Pod>;
static_assert(std::variant_size_v<Object> == kObjectKinds);

inline ObjectKind kind_of(const Object& object) {
  return static_cast<ObjectKind>(object.index());
}
inline const ObjectKey& key_of(const Object& object) {
  return std::visit(
      [](const auto& value) -> const ObjectKey& { return value.key; }, object);
}
// "prod/db", or only the name when there is no namespace.
inline std::string to_text(const ObjectKey& key) {
  return key.namespace_.empty() ? key.name : key.namespace_ + "/" + key.name;
}
// The key under which a subset of core/v1 Endpoints is stored as a slice.  No
// EndpointSlice can have this name.
inline ObjectKey subset_key(const ObjectKey& endpoints, std::size_t subset) {
  return {endpoints.namespace_,
          "endpoints/" + endpoints.name + "/" + std::to_string(subset)};
}
// The object as users know it: "Service prod/db", "Endpoints prod/db".
inline std::string object_text(ObjectKind kind, const ObjectKey& key) {
  constexpr std::string_view kSubset = "endpoints/";
  if (!key.name.starts_with(kSubset)) {
    return std::string(kind_name(kind)) + " " + to_text(key);
  }
  const std::size_t end = std::min(key.name.rfind('/'), key.name.size());
  return "Endpoints " +
         to_text({key.namespace_,
                  key.name.substr(kSubset.size(), end - kSubset.size())});
}

}  // namespace canopy::kube
