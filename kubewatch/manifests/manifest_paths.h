// Finds the files below the paths of --manifests, and the folders to watch for
// new files.
//
// Threads: one at a time.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace canopy::kube {

class ManifestPaths {
 public:
  using Path = std::filesystem::path;

  // `paths` are files and folders, in order.
  explicit ManifestPaths(std::vector<Path> paths);

  // Throws ConfigurationError when a path does not exist.
  void check() const;

  struct Found {
    std::vector<Path> files;
    // New problems, one line each: a path that is gone, or a folder that cannot
    // be read.
    std::vector<std::string> troubles;
  };
  // Finds the manifests, in order: files given by path, and below a folder (8
  // levels deep) the files ending in .yaml, .yml or .json.  Hidden files are
  // skipped, so that the files of a ConfigMap volume are found only once.
  // Other file types (a FIFO) are included, and reading them reports the error.
  //
  // `known`: the files found before.  They are still returned below a path that
  // has a problem, because the path may come back.  Too many files in a folder
  // are also a problem: only its known files are returned.
  Found find(const std::vector<Path>& known);

  // The folders in which a change may affect the result of find().
  std::set<Path> folders(const std::vector<Path>& files) const;
  // True for a file that was given by path, not found in a folder.
  bool names(const Path& file) const;

 private:
  bool note_trouble(const Path& path, std::string trouble, Found& found);

  const std::vector<Path> paths_;
  std::map<Path, std::string> troubles_;  // reported already
};

}  // namespace canopy::kube
