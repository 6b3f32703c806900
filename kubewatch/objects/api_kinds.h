// The kinds of Kubernetes objects that DNS needs, one row per kind.
//
// To add a kind:
//  - a row of kApiKinds; an ObjectKind too, unless it is kept as another kind;
//  - its struct in objects.h, in Object at the same place;
//  - its decoder in kubewatch/decode/, a file of its own, and its place in
//    kDecoders (object_decoder.cc);
//  - pack() and its place in kReaders (packed_object.cc), and another
//    kSnapshotVersion (snapshot.h);
//  - a map in ObjectStore::Room, its records (ClusterZones), a count
//    (ManifestCensus): the compiler names the switches that lack a case;
//  - `list` and `watch` of its resource in deploy/rbac.yaml;
//  - the file in CMakeLists.txt, and texts that name all kinds: manifests.cc,
//    deploy/README.md.
// Watches, metrics, snapshots, the search for duplicate keys and the hint about
// a misspelled kind follow from the row.
//
// Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace canopy::kube {

// The kinds in which objects are stored.
enum class ObjectKind : std::uint8_t {
  kNamespace,
  kService,
  kEndpointSlice,
  kPod,
};
inline constexpr ObjectKind kAllKinds[] = {
    ObjectKind::kNamespace,
    ObjectKind::kService,
    ObjectKind::kEndpointSlice,
    ObjectKind::kPod,
};
inline constexpr std::size_t kObjectKinds = std::size(kAllKinds);

struct ApiKind {
  const char* name;        // "Service"
  std::string_view group;  // the group in apiVersion; "" is the core group
  ObjectKind kept_as;
  // The path for a list of all namespaces; "": in manifests only, never
  // watched.
  const char* path;
  bool has_namespace;
  // The name of the object is part of domain names.  Other kinds have longer
  // names, with dots.
  bool is_named_by_label;
};

// The first rows are the rows of ObjectKind, in its order.
inline constexpr ApiKind kApiKinds[] = {
    {.name = "Namespace",
     .group = "",
     .kept_as = ObjectKind::kNamespace,
     .path = "/api/v1/namespaces",
     .has_namespace = false,
     .is_named_by_label = true},
    {.name = "Service",
     .group = "",
     .kept_as = ObjectKind::kService,
     .path = "/api/v1/services",
     .has_namespace = true,
     .is_named_by_label = true},
    {.name = "EndpointSlice",
     .group = "discovery.k8s.io",
     .kept_as = ObjectKind::kEndpointSlice,
     .path = "/apis/discovery.k8s.io/v1/endpointslices",
     .has_namespace = true,
     .is_named_by_label = false},
    {.name = "Pod",
     .group = "",
     .kept_as = ObjectKind::kPod,
     .path = "/api/v1/pods",
     .has_namespace = true,
     .is_named_by_label = false},
    // One slice per subset.
    {.name = "Endpoints",
     .group = "",
     .kept_as = ObjectKind::kEndpointSlice,
     .path = "",
     .has_namespace = true,
     .is_named_by_label = false},
};

// The row of `kind` itself, not of a kind that is stored as `kind`.
constexpr const ApiKind& api_kind(ObjectKind kind) {
  return kApiKinds[static_cast<std::size_t>(kind)];
}
// "Namespace", "Service", "EndpointSlice", "Pod".
constexpr const char* kind_name(ObjectKind kind) { return api_kind(kind).name; }

constexpr bool api_kinds_are_in_order() {
  for (std::size_t i = 0; i < kObjectKinds; ++i) {
    const ObjectKind kind = kAllKinds[i];
    if (static_cast<std::size_t>(kind) != i) return false;
    if (api_kind(kind).kept_as != kind) return false;
  }
  return true;
}
static_assert(api_kinds_are_in_order());

}  // namespace canopy::kube
