// The cluster's objects, with zones that are kept in sync: adding or removing
// an object changes only the records of that object.
//
// Threads: one at a time; ClusterWatch holds the mutex.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kubewatch/cluster/cluster_records.h"
#include "kubewatch/objects/label_selector.h"
#include "kubewatch/objects/object_store.h"
#include "zones/zone_store.h"

namespace canopy::kube {

struct ClusterZonesOptions {
  RecordOptions records;
  Selection selection;
  // The Service of this server: its addresses are ns.dns.<domain>.
  ObjectKey own_service{"kube-system", "kube-dns"};
  // A namespace exists if it contains an object, even without a Namespace
  // object.  For manifests, whose authors omit "default".
  bool implied_namespaces = false;
};

// A change of a Service's endpoints that is part of the zones' next set.
struct EndpointChange {
  Service::Type type;
  double since;  // time of the change, seconds since the epoch
};

class ClusterZones {
 public:
  // Publishes the records that every cluster has.
  ClusterZones(ClusterZonesOptions options, ZoneStore& zones);
  ClusterZones(const ClusterZones&) = delete;
  ClusterZones& operator=(const ClusterZones&) = delete;

  const ObjectStore& objects() const { return store_; }
  // False for objects that are filtered out or are irrelevant to DNS.
  bool wants(const Object& object, const KubeLabels& labels) const;

  void take(Object&& object, Origin origin);
  void drop(ObjectKind kind, const ObjectKey& key);
  // False when there is no such object.
  bool renew(ObjectKind kind, const ObjectKey& key, Origin origin) {
    return store_.renew(kind, key, origin);
  }

  // Before complete(), objects are stored but the zones are not changed.
  void complete();
  bool is_complete() const { return complete_; }
  Serial publish() { return zones_.publish(); }
  // Returns and clears the changes since the last call.
  std::vector<EndpointChange> take_endpoint_changes() {
    return std::exchange(endpoint_changes_, {});
  }

 private:
  using Records = RecordList;

  bool is_visible(const std::string& ns) const;

  // The number of slices of a Service.  Slices converted from its Endpoints are
  // counted separately.
  struct SliceCounts {
    std::size_t slices = 0;
    std::size_t from_endpoints = 0;
  };
  SliceCounts slice_counts(const ObjectKey& service) const;
  // Visits the slices whose endpoints are served.
  void for_each_served(const ObjectKey& service,
                       const ObjectStore::Visitor<EndpointSlice>& visit) const;

  // The records of objects.
  EndpointTotals totals(const Service& service) const;
  Records own_glue(const std::optional<Service>& service) const;
  using Visit = std::function<void(Records)>;
  // Visits the records in pieces of bounded size.
  void whole_service(const Service& service, const Visit& visit) const;
  void whole_slices(const Service& service, const EndpointTotals& totals,
                    Records records, const Visit& visit) const;
  void whole_namespace(const std::string& ns, const Visit& visit) const;

  // `after` is null when the object was deleted.
  void change_namespace(const ObjectKey& key, const Namespace* after,
                        Origin origin);
  void change_service(const ObjectKey& key, const Service* after,
                      Origin origin);
  void change_slice(const ObjectKey& key, const EndpointSlice* after,
                    Origin origin);
  void change_pod(const ObjectKey& key, const Pod* after, Origin origin);
  // Runs `change`.  If the namespace appears or disappears because of it, adds
  // or removes the namespace's records.
  using Change = std::function<void(bool shown)>;
  void within(const std::string& ns, const Change& change);

  void edit_service(const Service* before, const Service* after,
                    const EndpointTotals& old_totals, Records removals,
                    Records additions);
  void put_slice(const ObjectKey& key, const EndpointSlice* after,
                 Origin origin);
  bool changes_what_is_served(const ObjectKey& key, const ObjectKey& service,
                              bool before, bool after) const;
  bool is_hidden(const ObjectKey& key, const ObjectKey& service) const;
  void swap_slices(const std::optional<Service>& service,
                   const ObjectKey& service_key, const ObjectKey& key,
                   const EndpointSlice* after, Origin origin);
  struct SliceChange {
    const ObjectKey& key;  // the slice's key
    const Service& service;
    EndpointSlice before;  // without endpoints if there was no slice
    EndpointSlice after;
    const EndpointTotals& old_totals;
    const EndpointTotals& new_totals;
  };
  void edit_slice(SliceChange change);
  void edit(Records removals, Records additions);

  const ClusterZonesOptions options_;
  ZoneStore& zones_;
  ObjectStore store_;
  bool complete_ = false;
  // The totals of Services with many slices, so that a change of one slice need
  // not count all slices.
  std::map<ObjectKey, EndpointTotals> kept_totals_;
  std::vector<EndpointChange> endpoint_changes_;
};

}  // namespace canopy::kube
