// The embedded source: the cluster is what files of Kubernetes manifests say.
// Changes are taken in as they happen.  A file that does not load keeps the
// objects it last gave.
//
// Threads: start, stop and reload from any one thread; one thread of its own
// reads the files.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kubewatch/cluster_watch.h"
#include "kubewatch/folder_watch.h"
#include "kubewatch/manifest_file.h"

namespace canopy::kube {

struct ManifestOptions {
  // Files and folders, in order; what comes last wins.
  std::vector<std::filesystem::path> paths;
  // How long to wait for a writer to finish with several files.
  std::chrono::milliseconds debounce{50};
  // Files are looked at this often even if nobody says they changed.
  std::chrono::milliseconds rescan{10'000};
};

class ManifestSource {
 public:
  // REQUIRES: `cluster` has implied_namespaces, and outlives this.
  ManifestSource(ManifestOptions options, ClusterWatch& cluster);
  ~ManifestSource();
  ManifestSource(const ManifestSource&) = delete;
  ManifestSource& operator=(const ManifestSource&) = delete;

  // Takes in and publishes everything, then watches.  Throws
  // ConfigurationError when a path is missing, a file does not load, or an
  // object in it cannot be read.  Later, such an object stays as it was.
  void start();
  void stop();
  // Reads every file again, soon.
  void reload();

 private:
  struct File {
    std::optional<FileStamp> stamp;  // none: read it again
    Origin origin = 0;
    std::string error;  // why its last content was not taken
  };
  using Path = std::filesystem::path;

  void check_paths() const;
  void run();
  void refresh(bool all);
  std::vector<Path> find_files();
  std::set<Path> folders_of(const std::vector<Path>& files) const;
  bool forget_missing(const std::vector<Path>& files);
  bool load_changed(const std::vector<Path>& files, bool all);
  bool load(const std::vector<Path>& files, std::size_t index, Trust trust);
  std::vector<Origin> origins_after(const std::vector<Path>& files,
                                    std::size_t index) const;
  void take(const Listing& listing, const Path& file, Decoded&& decoded);
  void refuse(const Listing& listing, const Path& file, MalformedObject&& bad);
  void refuse_nameless(const Path& file, std::size_t line);
  void note_duplicate(const Path& file, const std::string& object);
  void report();

  const ManifestOptions options_;
  ClusterWatch& cluster_;
  FolderWatch folders_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> reload_wanted_ = false;
  std::thread thread_;

  // The thread's own, once it runs.
  bool started_ = false;  // the first files were good
  std::map<Path, File> files_;
  std::set<Path> missing_;  // of options_.paths, said already
  bool duplicates_ = false;
  std::string refused_;  // at the start: the first object that is malformed
  std::set<Path> told_of_duplicates_;
  std::set<std::string> told_of_nameless_;  // lines
};

}  // namespace canopy::kube
