// Objects stored as octets.  An endpoint without a name costs 5 octets here and
// about 100 as an Endpoint.  The key is stored by the caller.
//
// Plain values, no threads.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "kubewatch/objects/objects.h"

namespace canopy::kube {

class PackedObject {
 public:
  PackedObject() = default;
  explicit PackedObject(std::string_view octets);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const std::uint8_t* data() const { return octets_.get(); }

  friend bool operator==(const PackedObject& a, const PackedObject& b) {
    return a.size_ == b.size_ &&
           (a.size_ == 0 || std::memcmp(a.data(), b.data(), a.size_) == 0);
  }

 private:
  std::unique_ptr<std::uint8_t[]> octets_;
  std::uint32_t size_ = 0;
};

PackedObject pack(const Service& service);
PackedObject pack(const EndpointSlice& slice);
PackedObject pack(const Pod& pod);

// Snapshots contain these octets.  A change of the format must raise
// kSnapshotVersion (kubewatch/objects/snapshot.h); a test compares them.

// REQUIRES: `packed` came from pack() of the same type.
Service unpack_service(ObjectKey key, const PackedObject& packed);
EndpointSlice unpack_slice(ObjectKey key, const PackedObject& packed);
// Reads only EndpointSlice::service_name.
std::string packed_service_name(const PackedObject& slice);
Pod unpack_pod(ObjectKey key, const PackedObject& packed);

// False for a Namespace, of which only the labels are stored.
bool has_packed_form(ObjectKind kind);
// True when the octets, which may be untrusted, are exactly one such object.
bool is_packed(ObjectKind kind, const PackedObject& packed);
// REQUIRES: is_packed(kind, packed).
Object unpack_object(ObjectKind kind, ObjectKey key,
                     const PackedObject& packed);

}  // namespace canopy::kube
