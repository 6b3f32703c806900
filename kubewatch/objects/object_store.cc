#include "kubewatch/objects/object_store.h"

#include <algorithm>
#include <utility>

namespace canopy::kube {

// --- lookups --------------------------------------------------------------

const ObjectStore::Room* ObjectStore::room(std::string_view name) const {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? nullptr : &found->second;
}

ObjectStore::Room* ObjectStore::room(std::string_view name) {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? nullptr : &found->second;
}

const ObjectStore::ServiceEntry* ObjectStore::service_entry(
    const ObjectKey& key) const {
  const Room* where = room(key.namespace_);
  if (where == nullptr) return nullptr;
  const auto found = where->services.find(key.name);
  return found == where->services.end() ? nullptr : &found->second;
}

// The entry of a Service, a slice or a Pod; null when there is no such object.
const ObjectStore::Entry* ObjectStore::entry(ObjectKind kind,
                                             const ObjectKey& key) const {
  if (kind == ObjectKind::kService) {
    const ServiceEntry* found = service_entry(key);
    return found == nullptr || found->object.empty() ? nullptr : found;
  }
  const Room* where = room(key.namespace_);
  if (where == nullptr) return nullptr;
  const auto find_in = [&](const Entries& entries) -> const Entry* {
    const auto found = entries.find(key.name);
    return found == entries.end() ? nullptr : &found->second;
  };
  switch (kind) {
    case ObjectKind::kEndpointSlice:
      return find_in(where->slices);
    case ObjectKind::kPod:
      return find_in(where->pods);
    case ObjectKind::kService:
    case ObjectKind::kNamespace:
      break;  // kept otherwise
  }
  return nullptr;
}

const KubeLabels* ObjectStore::namespace_labels(std::string_view ns) const {
  const Room* where = room(ns);
  return where == nullptr || !where->labels ? nullptr : &*where->labels;
}

std::optional<Service> ObjectStore::find_service(const ObjectKey& key) const {
  const Entry* found = entry(ObjectKind::kService, key);
  if (found == nullptr) return std::nullopt;
  return unpack_service(key, found->object);
}

std::optional<EndpointSlice> ObjectStore::find_slice(
    const ObjectKey& key) const {
  const Entry* found = entry(ObjectKind::kEndpointSlice, key);
  if (found == nullptr) return std::nullopt;
  return unpack_slice(key, found->object);
}

std::optional<Pod> ObjectStore::find_pod(const ObjectKey& key) const {
  const Entry* found = entry(ObjectKind::kPod, key);
  if (found == nullptr) return std::nullopt;
  return unpack_pod(key, found->object);
}

bool ObjectStore::is_inhabited(std::string_view ns) const {
  const Room* where = room(ns);
  return where != nullptr && (!where->services.empty() ||
                              !where->slices.empty() || !where->pods.empty());
}

std::size_t ObjectStore::slice_count(const ObjectKey& service) const {
  const ServiceEntry* found = service_entry(service);
  return found == nullptr ? 0 : found->slices.size();
}

std::optional<Origin> ObjectStore::origin(ObjectKind kind,
                                          const ObjectKey& key) const {
  if (kind == ObjectKind::kNamespace) {
    const Room* where = room(key.name);
    if (where == nullptr || !where->labels) return std::nullopt;
    return where->origin;
  }
  const Entry* found = entry(kind, key);
  if (found == nullptr) return std::nullopt;
  return found->origin;
}

// --- changes --------------------------------------------------------------

bool ObjectStore::put(Entry& entry, PackedObject object, Origin origin,
                      ObjectKind kind) {
  entry.origin = origin;
  if (entry.object == object) return false;
  if (entry.object.empty()) ++counter(kind);
  entry.object = std::move(object);
  return true;
}

bool ObjectStore::put(const Namespace& ns, Origin origin) {
  Room& where = rooms_[ns.key.name];
  where.origin = origin;
  if (where.labels == ns.labels) return false;
  if (!where.labels) ++counter(ObjectKind::kNamespace);
  where.labels = ns.labels;
  return true;
}

bool ObjectStore::put(const Service& service, Origin origin) {
  Room& where = rooms_[service.key.namespace_];
  return put(where.services[service.key.name], pack(service), origin,
             ObjectKind::kService);
}

bool ObjectStore::put(const EndpointSlice& slice, Origin origin) {
  Room& where = rooms_[slice.key.namespace_];
  const auto [found, is_new] = where.slices.try_emplace(slice.key.name);
  PackedObject object = pack(slice);
  if (!is_new) {
    if (found->second.object == object) {
      found->second.origin = origin;
      return false;
    }
    part(where, found);
  }
  put(found->second, std::move(object), origin, ObjectKind::kEndpointSlice);
  join(where, found);
  return true;
}

bool ObjectStore::put(const Pod& pod, Origin origin) {
  Room& where = rooms_[pod.key.namespace_];
  return put(where.pods[pod.key.name], pack(pod), origin, ObjectKind::kPod);
}

bool ObjectStore::erase(ObjectKind kind, const ObjectKey& key) {
  const std::string& name =
      kind == ObjectKind::kNamespace ? key.name : key.namespace_;
  Room* where = room(name);
  if (where == nullptr || !erase_from(*where, kind, key.name)) return false;
  --counter(kind);
  if (where->is_empty()) rooms_.erase(name);
  return true;
}

bool ObjectStore::erase_from(Room& where, ObjectKind kind,
                             const std::string& name) {
  switch (kind) {
    case ObjectKind::kNamespace:
      return std::exchange(where.labels, std::nullopt).has_value();
    case ObjectKind::kPod:
      return where.pods.erase(name) > 0;
    case ObjectKind::kService: {
      const auto found = where.services.find(name);
      if (found == where.services.end() || found->second.object.empty()) {
        return false;
      }
      found->second.object = PackedObject();
      if (found->second.slices.empty()) where.services.erase(found);
      return true;
    }
    case ObjectKind::kEndpointSlice: {
      const auto found = where.slices.find(name);
      if (found == where.slices.end()) return false;
      part(where, found);
      where.slices.erase(found);
      return true;
    }
  }
  return false;
}

bool ObjectStore::renew(ObjectKind kind, const ObjectKey& key, Origin origin) {
  if (kind == ObjectKind::kNamespace) {
    Room* where = room(key.name);
    if (where == nullptr || !where->labels) return false;
    where->origin = origin;
    return true;
  }
  const Entry* found = entry(kind, key);
  if (found == nullptr) return false;
  const_cast<Entry*>(found)->origin = origin;
  return true;
}

// --- Services and their slices --------------------------------------------

void ObjectStore::join(Room& where, Entries::const_iterator slice) {
  const std::string name = packed_service_name(slice->second.object);
  where.services[name].slices.push_back(slice);
}

void ObjectStore::part(Room& where, Entries::const_iterator slice) {
  const auto found =
      where.services.find(packed_service_name(slice->second.object));
  if (found == where.services.end()) return;
  auto& slices = found->second.slices;
  slices.erase(std::remove(slices.begin(), slices.end(), slice), slices.end());
  if (slices.empty() && found->second.object.empty()) {
    where.services.erase(found);
  }
}

// --- iteration ------------------------------------------------------------

void ObjectStore::for_each_slice_name(
    const ObjectKey& service,
    const std::function<void(const std::string&)>& visit) const {
  const ServiceEntry* entry = service_entry(service);
  if (entry == nullptr) return;
  for (const auto& slice : entry->slices) visit(slice->first);
}

void ObjectStore::for_each_slice(const ObjectKey& service,
                                 const Visitor<EndpointSlice>& visit) const {
  const ServiceEntry* found = service_entry(service);
  if (found == nullptr) return;
  for (const auto& slice : found->slices) {
    visit(
        unpack_slice({service.namespace_, slice->first}, slice->second.object));
  }
}

void ObjectStore::for_each_service(const std::string& ns,
                                   const Visitor<Service>& visit) const {
  const Room* where = room(ns);
  if (where == nullptr) return;
  for (const auto& [name, entry] : where->services) {
    if (!entry.object.empty()) visit(unpack_service({ns, name}, entry.object));
  }
}

void ObjectStore::for_each_pod(const std::string& ns,
                               const Visitor<Pod>& visit) const {
  const Room* where = room(ns);
  if (where == nullptr) return;
  for (const auto& [name, entry] : where->pods) {
    visit(unpack_pod({ns, name}, entry.object));
  }
}

void ObjectStore::for_each_packed(const std::string& ns, ObjectKind kind,
                                  const PackedVisitor& visit) const {
  const Room* where = room(ns);
  if (where == nullptr) return;
  const auto visit_all = [&](const auto& entries) {
    for (const auto& [name, entry] : entries) {
      if (!entry.object.empty()) visit(name, entry.object);
    }
  };
  switch (kind) {
    case ObjectKind::kService:
      return visit_all(where->services);
    case ObjectKind::kEndpointSlice:
      return visit_all(where->slices);
    case ObjectKind::kPod:
      return visit_all(where->pods);
    case ObjectKind::kNamespace:
      return;  // a room has its labels, no packed object
  }
}

std::size_t ObjectStore::count_in(const std::string& ns,
                                  ObjectKind kind) const {
  std::size_t count = 0;
  for_each_packed(ns, kind, [&](const auto&, const auto&) { ++count; });
  return count;
}

void ObjectStore::for_each_namespace(const Visitor<std::string>& visit) const {
  for (const auto& [name, entry] : rooms_) visit(name);
}

std::vector<ObjectKey> ObjectStore::keys_of(ObjectKind kind,
                                            Origin origin) const {
  std::vector<ObjectKey> keys;
  const auto collect = [&](const std::string& ns, const auto& entries) {
    for (const auto& [name, entry] : entries) {
      if (entry.origin == origin && !entry.object.empty()) {
        keys.push_back({ns, name});
      }
    }
  };
  for (const auto& [ns, where] : rooms_) {
    switch (kind) {
      case ObjectKind::kNamespace:
        if (where.labels && where.origin == origin) keys.push_back({"", ns});
        break;
      case ObjectKind::kService:
        collect(ns, where.services);
        break;
      case ObjectKind::kEndpointSlice:
        collect(ns, where.slices);
        break;
      case ObjectKind::kPod:
        collect(ns, where.pods);
        break;
    }
  }
  return keys;
}

}  // namespace canopy::kube
