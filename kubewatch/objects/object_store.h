// The cluster's objects by key, stored as octets.  A Service has links to its
// slices.
//
// Threads: one at a time; ClusterWatch holds the mutex.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubewatch/objects/objects.h"
#include "kubewatch/objects/packed_object.h"

namespace canopy::kube {

// The source of an object: a list of the API server, or a manifest.  A new list
// has a new origin.  Objects that still have the old origin after the list are
// deleted.
using Origin = std::uint32_t;

class ObjectStore {
 public:
  // Null when there is no such Namespace.
  const KubeLabels* namespace_labels(std::string_view ns) const;
  std::optional<Service> find_service(const ObjectKey& key) const;
  std::optional<EndpointSlice> find_slice(const ObjectKey& key) const;
  std::optional<Pod> find_pod(const ObjectKey& key) const;

  // Stores the object under its key.  False when the same object was stored
  // already; its origin is updated even then.
  bool put(const Namespace& ns, Origin origin);
  bool put(const Service& service, Origin origin);
  bool put(const EndpointSlice& slice, Origin origin);
  bool put(const Pod& pod, Origin origin);
  // False when there was no such object.
  bool erase(ObjectKind kind, const ObjectKey& key);

  std::optional<Origin> origin(ObjectKind kind, const ObjectKey& key) const;
  // False when there is no such object.
  bool renew(ObjectKind kind, const ObjectKey& key, Origin origin);
  std::vector<ObjectKey> keys_of(ObjectKind kind, Origin origin) const;

  // True when the namespace holds an object other than the Namespace.
  bool is_inhabited(std::string_view ns) const;
  std::size_t slice_count(const ObjectKey& service) const;
  std::size_t count(ObjectKind kind) const {
    return counts_[static_cast<std::size_t>(kind)];
  }

  // Visits the names without unpacking the slices.
  void for_each_slice_name(
      const ObjectKey& service,
      const std::function<void(const std::string&)>& visit) const;

  template <typename T>
  using Visitor = std::function<void(const T&)>;
  void for_each_slice(const ObjectKey& service,
                      const Visitor<EndpointSlice>& visit) const;
  void for_each_service(const std::string& ns,
                        const Visitor<Service>& visit) const;
  void for_each_pod(const std::string& ns, const Visitor<Pod>& visit) const;
  // For Services, slices or Pods in packed form.
  using PackedVisitor =
      std::function<void(const std::string& name, const PackedObject&)>;
  void for_each_packed(const std::string& ns, ObjectKind kind,
                       const PackedVisitor& visit) const;
  std::size_t count_in(const std::string& ns, ObjectKind kind) const;
  // Visits, in order, every namespace that exists as an object or contains one.
  void for_each_namespace(const Visitor<std::string>& visit) const;

 private:
  struct Entry {
    PackedObject object;
    Origin origin = 0;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  struct ServiceEntry : Entry {  // `object` is empty if only slices refer to it
    std::vector<Entries::const_iterator> slices;
  };
  using ServiceEntries = std::map<std::string, ServiceEntry, std::less<>>;
  struct Room {                        // a namespace
    std::optional<KubeLabels> labels;  // of the Namespace, if there is one
    Origin origin = 0;                 // of the Namespace
    ServiceEntries services;
    Entries slices;
    Entries pods;

    bool is_empty() const {
      return !labels && services.empty() && slices.empty() && pods.empty();
    }
  };
  using Rooms = std::map<std::string, Room, std::less<>>;

  const Room* room(std::string_view name) const;
  Room* room(std::string_view name);
  const Entry* entry(ObjectKind kind, const ObjectKey& key) const;
  const ServiceEntry* service_entry(const ObjectKey& key) const;
  bool put(Entry& entry, PackedObject object, Origin origin, ObjectKind kind);
  std::size_t& counter(ObjectKind kind) {
    return counts_[static_cast<std::size_t>(kind)];
  }
  void join(Room& room, Entries::const_iterator slice);
  void part(Room& room, Entries::const_iterator slice);
  bool erase_from(Room& room, ObjectKind kind, const std::string& name);

  Rooms rooms_;
  std::size_t counts_[kObjectKinds] = {};
};

}  // namespace canopy::kube
