// The cluster's objects as octets, so that a start without the API server has
// something to serve.  They are the octets ObjectStore keeps, fed back as
// objects: zones are derived from them as from a list.
//
//   "canopydns snapshot 1\n"   a line for people, and the version
//   fingerprint, time          whose objects, and of when
//   1, namespace, labels, Services, slices, Pods    once a namespace
//   0
//   SHA-256 of all that
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
  // The API server and the flags that choose objects: a snapshot of others is
  // of no use.
  std::string fingerprint;
  std::chrono::system_clock::time_point written;
};

// The pieces in their order; the digest of all of them comes last.
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
  std::string digest();  // 32 octets; once

 private:
  void* context_;
};

class Snapshot {
 public:
  // Why not, when the octets are not a whole snapshot of this version.
  static std::variant<Snapshot, std::string> parse(std::string octets);

  const SnapshotHead& head() const { return head_; }
  // In no order that matters.
  void for_each(const std::function<void(Object&&)>& visit) const;

 private:
  Snapshot() = default;

  std::string octets_;
  std::size_t objects_at_ = 0;
  std::size_t size_ = 0;  // without the digest
  SnapshotHead head_;
};

}  // namespace canopy::kube
