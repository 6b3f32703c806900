#include "kubewatch/manifests/manifest_paths.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "healthz/configuration_error.h"
#include "healthz/read_file.h"
#include "zones/name.h"

namespace canopy::kube {

namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 8;
constexpr int kMaxLinks = 16;
// The most manifests below one path of --manifests.  When all are read again,
// each one is compared with all others.
constexpr std::size_t kMaxFiles = 10'000;
// The most directory entries below one path.  Symlinks may form a circle.
constexpr std::size_t kMaxEntries = 100'000;
// The most watched folders.  Linux allows 8,192 by default.
constexpr std::size_t kMaxFolders = 10'000;

fs::path parent_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

bool is_below(const fs::path& file, const fs::path& folder) {
  const auto [end, rest] =
      std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return end == folder.end() || end->empty();
}

// /dev and /proc change all the time.
bool is_of_the_kernel(const fs::path& folder) {
  return is_below(folder, "/dev") || is_below(folder, "/proc");
}

// Adds the folders in which a change may affect the target of `path`.  The
// links of a ConfigMap volume: web.yaml -> ..data/web.yaml, ..data ->
// ..2024_07_01.
void add_folders_towards(const fs::path& path, std::set<fs::path>& folders) {
  fs::path at = path;
  std::error_code error;
  for (int i = 0; i < kMaxLinks; ++i) {
    if (!is_of_the_kernel(at)) folders.insert(parent_of(at));
    if (!fs::is_symlink(at, error)) break;
    const fs::path target = fs::read_symlink(at, error);
    if (error) break;
    at = target.is_absolute() ? target : parent_of(at) / target;
  }
}

bool is_manifest_name(const fs::path& path) {
  const std::string extension = path.extension().string();
  return equal_folded(extension, ".yaml") || equal_folded(extension, ".yml") ||
         equal_folded(extension, ".json");
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

struct Listed {
  std::vector<fs::path> files;
  std::string error;        // a folder that could not be read completely
  std::size_t entries = 0;  // entries so far

  bool is_too_large() const {
    return files.size() > kMaxFiles || entries > kMaxEntries;
  }
};

// The entries of one folder, sorted.
std::vector<fs::path> entries_of(const fs::path& folder, Listed& listed) {
  std::error_code fault;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(folder, fault), end; !fault && it != end;
       it.increment(fault)) {
    if (++listed.entries > kMaxEntries) return {};
    if (!is_hidden(it->path())) entries.push_back(it->path());
  }
  if (fault) {
    listed.error = folder.string() + ": cannot be read: " + fault.message();
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

// True when a failure of stat() matters.  A link may be broken or circular, but
// an entry without permission may be a folder of manifests.
bool matters(const fs::path& entry, int error) {
  if (error == ENOENT || error == ENOTDIR) return false;
  return error != ELOOP || is_manifest_name(entry);
}

void add_below(const fs::path& folder, Listed& listed, int depth) {
  for (const fs::path& entry : entries_of(folder, listed)) {
    struct stat info {};
    if (::stat(entry.c_str(), &info) != 0) {
      if (matters(entry, errno)) {
        listed.error =
            entry.string() + ": cannot be read: " + std::strerror(errno);
      }
    } else if (S_ISDIR(info.st_mode)) {
      // The depth is limited because a symlink may lead to a parent folder.
      if (depth > 0) add_below(entry, listed, depth - 1);
    } else if (is_manifest_name(entry)) {
      listed.files.push_back(entry);
    }
    if (listed.is_too_large()) return;
  }
}

Listed manifests_below(const fs::path& path) {
  Listed listed;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    add_below(path, listed, kMaxDepth);
    if (listed.is_too_large()) {
      listed = {{},
                path.string() +
                    ": more than 10,000 manifests or 100,000 "
                    "names below it; put several objects into "
                    "one file"};
    }
  } else if (fs::exists(path, error)) {
    listed.files = {path};
  }
  return listed;
}

void add_folders_below(const fs::path& path, std::set<fs::path>& folders,
                       int depth) {
  if (folders.size() >= kMaxFolders) return;
  folders.insert(path);
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code unseen;
    const bool is_folder = !is_hidden(it->path()) && it->is_directory(unseen);
    if (is_folder && depth > 0) add_folders_below(*it, folders, depth - 1);
  }
}

}  // namespace

ManifestPaths::ManifestPaths(std::vector<Path> paths)
    : paths_(std::move(paths)) {}

void ManifestPaths::check() const {
  for (const Path& path : paths_) {
    std::error_code error;
    if (fs::exists(path, error)) continue;
    throw ConfigurationError(
        "--manifests=" + path.string() + ": " +
        (error ? error.message() : "no such file or folder") +
        "; give a file or folder of Kubernetes manifests (.yaml, .yml, .json)");
  }
}

ManifestPaths::Found ManifestPaths::find(const std::vector<Path>& known) {
  Found found;
  std::set<Path> seen;
  const auto add = [&](const Path& file) {
    if (seen.insert(file).second) found.files.push_back(file);
  };
  for (const Path& path : paths_) {
    Listed listed = manifests_below(path);
    for (const Path& file : listed.files) add(file);
    if (!note_trouble(path, std::move(listed.error), found)) continue;
    for (const Path& file : known) {
      if (is_below(file, path)) add(file);
    }
  }
  return found;
}

// True when there is a problem.
bool ManifestPaths::note_trouble(const Path& path, std::string trouble,
                                 Found& found) {
  std::error_code error;
  if (trouble.empty() && !fs::exists(path, error)) {
    trouble = path.string() + " no longer exists";
  }
  if (trouble.empty()) {
    troubles_.erase(path);
    return false;
  }
  std::string& said = troubles_[path];
  if (said != trouble) found.troubles.push_back(trouble);
  said = std::move(trouble);
  return true;
}

std::set<fs::path> ManifestPaths::folders(
    const std::vector<Path>& files) const {
  std::set<Path> folders;
  for (const Path& path : paths_) {
    std::error_code error;
    add_folders_towards(path, folders);
    if (fs::is_directory(path, error)) {
      add_folders_below(path, folders, kMaxDepth);
    }
  }
  for (const Path& file : files) add_folders_towards(file, folders);
  return folders;
}

bool ManifestPaths::names(const Path& file) const {
  return std::find(paths_.begin(), paths_.end(), file) != paths_.end();
}

}  // namespace canopy::kube
