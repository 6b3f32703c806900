// Serves a cluster from files of Kubernetes manifests; no API server needed.
// Changes are applied as they happen.  A file that has a fault, is being
// written or was emptied keeps its last good objects.
//
// Threads: start, stop and reload from any one thread; a thread of its own
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
  // Files and folders, in order; what comes last wins.
  std::vector<std::filesystem::path> paths;
  // How long to wait for a writer to finish with several files.
  std::chrono::milliseconds debounce{50};
  // All files are checked this often, in case a change was not notified.
  std::chrono::milliseconds rescan{10'000};
  // Services that want a cluster IP and have none get one of it.  Nothing:
  // they have no address, and a warning says so.
  std::optional<ServiceCidr> service_cidr{};
};

// The result of `canopydns check`.
struct ManifestSurvey {
  std::vector<std::string> faults;  // file, line and what is wrong
  std::vector<std::string> lines;   // what there is; what will not resolve
};

class ManifestSource {
 public:
  // REQUIRES: `cluster` has implied_namespaces, and outlives this.
  ManifestSource(ManifestOptions options, ClusterWatch& cluster);
  ~ManifestSource();
  ManifestSource(const ManifestSource&) = delete;
  ManifestSource& operator=(const ManifestSource&) = delete;

  // Takes in and publishes everything, then watches.  Throws
  // ConfigurationError when a path is missing, a file does not load, an object
  // in it has no usable name, or a Service a field that cannot be read.  Later,
  // such an object stays as it was.
  void start();
  // Reads everything once and collects all faults.  Call in place of start().
  // Throws ConfigurationError when a path is missing.
  ManifestSurvey survey();
  void stop();
  // Reads every file again, soon.
  void reload();

 private:
  static constexpr std::size_t kGone = SIZE_MAX;
  struct File {
    std::optional<FileStamp> stamp;  // none: read it again
    bool is_pipe = false;            // read once
    Origin origin = 0;
    std::size_t place = kGone;  // in order_
    std::string error;          // why its last content was not taken
    ManifestCensus census;
    std::vector<std::string> remarks;  // those last made
  };
  using Path = std::filesystem::path;

  // Every file, while nothing is served yet.
  void load_all();
  void run();
  void refresh(bool all);
  std::vector<std::string> find_files();
  bool forget_missing();
  bool load_changed(bool all);
  bool is_read_now(const Path& path, const FileStamp& stamp, bool all);
  bool load(std::size_t index);
  static bool is_emptied(const Path& path, const File& file);
  // Of a file whose last content is not taken.
  void keep(File& file, std::string why);
  std::vector<Origin> origins_after(std::size_t index) const;
  void take(const Listing& listing, const Path& path, File& file,
            Decoded&& decoded);
  void refuse(const Listing& listing, const Path& file, MalformedObject&& bad);
  ManifestCensus census() const;
  // Gives Services without an address theirs, and publishes.
  void publish();
  void allocate();
  void give(const ObjectKey& key, const IpAddress& address);
  // Logs what of the file is ignored or will not resolve, once for each
  // content.
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

  // The thread's own, once it runs.
  bool started_ = false;  // the first files were good
  std::map<Path, File> files_;
  std::vector<Path> order_;  // of files_: what comes last wins
  bool duplicates_ = false;
  std::vector<std::string> faults_;  // at the start
  std::set<Path> told_of_duplicates_;
  std::map<ObjectKey, IpAddress> allocated_;
};

}  // namespace canopy::kube
