// The cluster's objects as octets, so that a start without the API server has
// data to serve.  These are the octets of ObjectStore.  They are loaded as
// objects, and the zones are computed from them as from a list.
//
//   "canopydns snapshot 1\n"   a title for people, and the version
//   fingerprint, time          the source of the objects, and the time
//   1, namespace, labels, Services, slices, Pods    once per namespace
//   0
//   SHA-256 of all of the above
//
// Pure; any thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "kubewatch/objects/object_store.h"

namespace canopy::kube {

// Raised when the meaning of any octet changes.
inline constexpr unsigned kSnapshotVersion = 1;

struct SnapshotHead {
  // Identifies the API server and the flags that select objects.  A snapshot
  // with another fingerprint is ignored.
  std::string fingerprint;
  std::chrono::system_clock::time_point written;
};

// The pieces of a snapshot, in order; the digest of all pieces comes last.
std::string snapshot_head(const SnapshotHead& head);
std::string snapshot_namespace(const ObjectStore& store, const std::string& ns);
std::string snapshot_end();

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view octets);
  std::string digest();  // 32 octets; call once

 private:
  void* context_;
};

class Snapshot {
 public:
  // Returns the reason as text if the octets are not a complete snapshot of
  // this version.
  static std::variant<Snapshot, std::string> parse(std::string octets);

  const SnapshotHead& head() const { return head_; }
  // Visits all objects in any order.
  void for_each(const std::function<void(Object&&)>& visit) const;

 private:
  Snapshot() = default;

  std::string octets_;
  std::size_t objects_at_ = 0;
  std::size_t size_ = 0;  // without the digest
  SnapshotHead head_;
};

}  // namespace canopy::kube
