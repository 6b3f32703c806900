// Counts the contents of manifests: for the log, for `canopydns check`, and for
// the Services that need an address from --service-cidr.  Plain values.
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
  // Adds the objects of a later file.  If two objects have the same key, the
  // later one counts.
  void add(const ManifestCensus& later);

  // True when no object is relevant to DNS.
  bool is_empty() const;
  // "service is spelled Service": the kinds that are not served only because of
  // their case.
  std::vector<std::string> misspelled_kinds() const;
  // The number of documents that are not Kubernetes objects: they have no kind.
  std::size_t without_kind() const { return without_kind_; }

  // The Services that need a cluster IP but have none.
  const std::map<ObjectKey, DecodedObject>& without_address() const {
    return without_address_;
  }
  // The cluster IPs that manifests contain.
  std::set<IpAddress> written_addresses() const;

  // A summary, one line per item, then one line per reason why names will not
  // resolve.  `are_allocated`: Services without an address get one.
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

// "a/b, a/c and 7 more": as many names as fit into a line.
std::string list_text(const std::vector<std::string>& names);

}  // namespace canopy::kube
