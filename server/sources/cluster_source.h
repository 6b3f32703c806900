// The source of the cluster's objects: manifests, a kubeconfig, a URL, or the
// pod's service account.  Only this file, main.cc and watch_metrics use
// kubewatch/.
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
  std::vector<std::string> faults;  // empty: the source can be served
  std::vector<std::string> lines;   // the contents of the source
};

class ClusterSource {
 public:
  virtual ~ClusterSource() = default;

  // Reads everything that needs no API server.  Call instead of start().
  virtual SourceReport check() = 0;
  // Starts following the cluster, on threads of its own.
  virtual void start() = 0;
  // Stops at once and permanently.
  virtual void stop() = 0;
  // Reads everything again, on SIGHUP.
  virtual void reload() = 0;
};

struct SourceSurroundings {
  // The soft limit on open files for a credential plugin; nothing: our own
  // limit.
  std::optional<std::uint64_t> plugin_files;
};

// Reads all files at once; throws ConfigurationError when one is missing or
// broken.  `watch` must outlive the source.
std::unique_ptr<ClusterSource> make_cluster_source(
    const Settings& settings, const SourceSurroundings& surroundings,
    kube::ClusterWatch& watch);

// Options for the objects that `settings` select.
kube::ClusterWatchOptions watch_options(const Settings& settings);

}  // namespace canopy
