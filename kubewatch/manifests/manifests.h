// Serves a cluster from files of Kubernetes manifests, without an API server.
// Changes are applied at once.  A file that is invalid, is being written or was
// emptied keeps its last good objects.
//
// Threads: any one thread may call start, stop and reload.  A thread of its own
// reads the files.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kubewatch/cluster/cluster_watch.h"
#include "kubewatch/cluster/service_addresses.h"
#include "kubewatch/manifests/folder_watch.h"
#include "kubewatch/manifests/manifest_census.h"
#include "kubewatch/manifests/manifest_file.h"
#include "kubewatch/manifests/manifest_paths.h"

namespace canopy::kube {

struct ManifestOptions {
  // Files and folders, in order; later ones have priority.
  std::vector<std::filesystem::path> paths;
  // The wait for a writer to finish with several files.
  std::chrono::milliseconds debounce{50};
  // The period for checking all files, in case a notification was lost.
  std::chrono::milliseconds rescan{10'000};
  // Allocates addresses for Services that need a cluster IP but have none.  Not
  // set: these have no address, and a warning is logged.
  std::optional<ServiceCidr> service_cidr{};
};

// The result of `canopydns check`.
struct ManifestSurvey {
  std::vector<std::string> faults;  // file, line and error
  std::vector<std::string> lines;   // summary; names that will not resolve
};

class ManifestSource {
 public:
  // REQUIRES: `cluster` has implied_namespaces, and outlives this.
  ManifestSource(ManifestOptions options, ClusterWatch& cluster);
  ~ManifestSource();
  ManifestSource(const ManifestSource&) = delete;
  ManifestSource& operator=(const ManifestSource&) = delete;

  // Reads and publishes everything, then watches for changes.  Throws
  // ConfigurationError when a path is missing, a file does not load, an object
  // in it has no usable name, or a Service has a field that cannot be read.
  // After start(), such an object keeps its last version.
  void start();
  // Reads everything once and collects all errors.  Call instead of start().
  // Throws ConfigurationError when a path is missing.
  ManifestSurvey survey();
  void stop();
  // Reads every file again, soon.
  void reload();

 private:
  static constexpr std::size_t kGone = SIZE_MAX;
  struct File {
    std::optional<FileStamp> stamp;  // not set: read it again
    bool is_pipe = false;            // read only once
    Origin origin = 0;
    std::size_t place = kGone;  // index in order_
    std::string error;          // why the last content was rejected
    ManifestCensus census;
    std::vector<std::string> remarks;  // the last ones logged
  };
  using Path = std::filesystem::path;

  // Loads every file at the start, before anything is served.
  void load_all();
  void run();
  void refresh(bool all);
  std::vector<std::string> find_files();
  bool forget_missing();
  bool load_changed(bool all);
  bool is_read_now(const Path& path, const FileStamp& stamp, bool all);
  bool load(std::size_t index);
  static bool is_emptied(const Path& path, const File& file);
  // Keeps the objects of a file whose new content is rejected.
  void keep(File& file, std::string why);
  std::vector<Origin> origins_after(std::size_t index) const;
  void take(const Listing& listing, const Path& path, File& file,
            Decoded&& decoded);
  void refuse(const Listing& listing, const Path& file, MalformedObject&& bad);
  ManifestCensus census() const;
  // Allocates addresses for Services without one, and publishes.
  void publish();
  void allocate();
  void give(const ObjectKey& key, const IpAddress& address);
  // Logs the parts of the file that are ignored or will not resolve, once for
  // each content.
  void remark_on(const Path& path, File& file);
  void note_duplicate(const Path& file, const std::string& object);
  void report();

  const ManifestOptions options_;
  ClusterWatch& cluster_;
  FolderWatch folders_;
  ManifestPaths paths_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> reload_wanted_ = false;
  std::thread thread_;

  // Used only by the thread once it runs.
  bool started_ = false;  // the first files were valid
  std::map<Path, File> files_;
  std::vector<Path> order_;  // of files_: later ones have priority
  bool duplicates_ = false;
  std::vector<std::string> faults_;  // found at the start
  std::set<Path> told_of_duplicates_;
  std::map<ObjectKey, IpAddress> allocated_;
};

}  // namespace canopy::kube
