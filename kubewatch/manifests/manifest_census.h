// What manifests hold, counted: for the log, for `canopydns check`, and for
// those Services that need an address of --service-cidr.  Plain values.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

class ManifestCensus {
 public:
  void count(const DecodedObject& decoded);
  void count(const OtherObject& other);
  // The objects of a later file: of two objects with one key the later counts.
  void add(const ManifestCensus& later);

  // True when there is nothing in it that the DNS serves.
  bool is_empty() const;
  // "service is spelled Service": kinds that only their case keeps from being
  // served.
  std::vector<std::string> misspelled_kinds() const;
  // Documents that are no Kubernetes object: they have no kind.
  std::size_t without_kind() const { return without_kind_; }

  // Services that want a cluster IP and have none.
  const std::map<ObjectKey, DecodedObject>& without_address() const {
    return without_address_;
  }
  // Cluster IPs that are written in manifests.
  std::set<IpAddress> written_addresses() const;

  // A summary, a line each; then why names will not resolve, a line a reason.
  // `are_allocated`: Services without an address are given one.
  std::vector<std::string> lines(bool are_allocated) const;

 private:
  void count(const Service& service, const DecodedObject& decoded);
  void count(const EndpointSlice& slice);
  std::vector<std::string> headless_without_endpoints() const;

  std::map<ObjectKey, Service> services_;
  std::map<ObjectKey, DecodedObject> without_address_;
  std::map<ObjectKey, EndpointSlice> slices_;
  std::set<ObjectKey> namespaces_;
  std::set<ObjectKey> pods_;
  std::map<std::string, std::size_t> other_kinds_;
  std::size_t without_kind_ = 0;
};

// "a/b, a/c and 7 more": as many as a line bears.
std::string list_text(const std::vector<std::string>& names);

}  // namespace canopy::kube
