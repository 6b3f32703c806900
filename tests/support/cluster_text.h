// Kubernetes objects, one per line, for tests:
//
//   namespace prod
//   service   prod/web  10.96.0.1 fd00::1 http:80/tcp :9000/udp
//   service   prod/db   headless publish-not-ready
//   service   prod/ext  external-name www.example.com
//   endpoint  prod/db   10.0.0.7 ready hostname=db-0 pod=db-x1 pg:5432/tcp
//   endpoint  prod/db   10.0.0.8 not-ready slice=2
//   pod       prod/p1   10.0.0.9
//
// A port is NAME:NUMBER/PROTOCOL; name and number are optional.  Endpoints of
// one Service with the same ports form one slice unless "slice=" names another.
// Each namespace that a line mentions exists, except with "no-namespace".
#pragma once

#include <string_view>
#include <vector>

#include "kubewatch/cluster/cluster_records.h"
#include "kubewatch/objects/objects.h"
#include "zones/rrset.h"

namespace canopy::test {

struct ClusterObjects {
  std::vector<kube::Namespace> namespaces;
  std::vector<kube::Service> services;
  std::vector<kube::EndpointSlice> slices;
  std::vector<kube::Pod> pods;
};

// Throws std::invalid_argument that quotes a line with a mistake.
ClusterObjects cluster_objects(std::string_view text);

// Domain "cluster.local.", TTL 30, pods insecure.
RecordOptions record_options();

// Returns the records of the objects and of the cluster itself.
RecordList records_of(const ClusterObjects& objects,
                      const RecordOptions& options);

}  // namespace canopy::test
