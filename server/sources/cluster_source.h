// Where the cluster's objects come from, as the command line says: manifests,
// a kubeconfig, a URL, or the pod's service account.  With main.cc and
// watch_metrics the only door to kubewatch/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kubewatch/cluster/cluster_records.h"
#include "kubewatch/cluster/cluster_watch.h"
#include "server/config/settings.h"

namespace canopy {

// The result of `canopydns check` for a source.
struct SourceReport {
  std::vector<std::string> faults;  // empty: it can be served
  std::vector<std::string> lines;   // what it holds
};

class ClusterSource {
 public:
  virtual ~ClusterSource() = default;

  // Reads what can be read without an API server.  Instead of start().
  virtual SourceReport check() = 0;
  // Starts following the cluster, on threads of its own.
  virtual void start() = 0;
  // Ends at once and for good.
  virtual void stop() = 0;
  // SIGHUP: looks at everything again.
  virtual void reload() = 0;
};

struct SourceSurroundings {
  // The soft limit of open files that a credential plugin gets; nothing: ours.
  std::optional<std::uint64_t> plugin_files;
};

// Reads what there is to read now: throws ConfigurationError when a file is
// missing or broken.  `watch` must outlive the source.
std::unique_ptr<ClusterSource> make_cluster_source(
    const Settings& settings, const SourceSurroundings& surroundings,
    kube::ClusterWatch& watch);

// What `settings` select of a cluster.
kube::ClusterWatchOptions watch_options(const Settings& settings);

}  // namespace canopy
