// Which files there are below the paths of --manifests, and which folders to
// watch for more of them.
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

  // Files and folders, in order.
  explicit ManifestPaths(std::vector<Path> paths);

  // Throws ConfigurationError when nothing is at one of them.
  void check() const;

  struct Found {
    std::vector<Path> files;
    // A path that is gone or a folder that cannot be read, a line each, when
    // that is news.
    std::vector<std::string> troubles;
  };
  // The manifests, in order: a file that is named, and below a folder the names
  // that end in .yaml, .yml or .json, 8 folders deep.  Hidden ones are left
  // out, so that the inside of a ConfigMap volume is seen once.  What is no
  // file (a FIFO) is among them: to read it says so.
  //
  // `known`: files found before.  Below a path in trouble they are still
  // there: it may be on its way back.  A folder with too many files is in
  // trouble, too: of its files only the known ones are found.
  Found find(const std::vector<Path>& known);

  // The folders whose change may change what find() says.
  std::set<Path> folders(const std::vector<Path>& files) const;
  // True for a file that is named, and not found in a folder.
  bool names(const Path& file) const;

 private:
  bool note_trouble(const Path& path, std::string trouble, Found& found);

  const std::vector<Path> paths_;
  std::map<Path, std::string> troubles_;  // said already
};

}  // namespace canopy::kube
