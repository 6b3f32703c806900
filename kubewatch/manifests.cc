#include "kubewatch/manifests.h"

#include <algorithm>
#include <utility>

#include "healthz/guarded.h"
#include "healthz/log.h"
#include "kubewatch/configuration_error.h"

namespace canopy::kube {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLongestDebounce{1000};

fs::path parent_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

// The folders whose change may change what `path` leads to.  The links of a
// ConfigMap volume: web.yaml -> ..data/web.yaml, ..data -> ..2024_07_01.
void add_folders_towards(const fs::path& path, std::set<fs::path>& folders) {
  constexpr int kMaxLinks = 16;
  fs::path at = path;
  std::error_code error;
  for (int i = 0; i < kMaxLinks; ++i) {
    folders.insert(parent_of(at));
    if (!fs::is_symlink(at, error)) break;
    const fs::path target = fs::read_symlink(at, error);
    if (error) break;
    at = target.is_absolute() ? target : parent_of(at) / target;
  }
}

std::string place(const fs::path& file, std::size_t line) {
  return file.string() + (line == 0 ? "" : ":" + std::to_string(line));
}

bool is_below(const fs::path& file, const fs::path& folder) {
  const auto [end, rest] =
      std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return end == folder.end() || end->empty();
}

}  // namespace

ManifestSource::ManifestSource(ManifestOptions options, ClusterWatch& cluster)
    : options_(std::move(options)), cluster_(cluster) {}

ManifestSource::~ManifestSource() { stop(); }

void ManifestSource::start() {
  check_paths();
  const std::vector<Path> files = find_files();
  folders_.watch_only(folders_of(files));
  for (std::size_t i = 0; i < files.size(); ++i) {
    load(files, i, Trust::kAsItComes);
    const std::string& broken = files_[files[i]].error;
    const std::string& error = broken.empty() ? refused_ : broken;
    if (!error.empty()) {
      throw ConfigurationError(error + "; correct the manifest");
    }
  }
  cluster_.finish_all();
  report();
  started_ = true;
  thread_ = std::thread([this] { run(); });
}

void ManifestSource::stop() {
  stopping_ = true;
  folders_.wake();
  if (thread_.joinable()) thread_.join();
}

void ManifestSource::reload() {
  reload_wanted_ = true;
  folders_.wake();
}

void ManifestSource::check_paths() const {
  for (const Path& path : options_.paths) {
    std::error_code error;
    if (fs::exists(path, error)) continue;
    throw ConfigurationError(
        "--manifests=" + path.string() + ": " +
        (error ? error.message() : "no such file or folder") +
        "; name one with "
        "Kubernetes manifests (.yaml, .yml, .json)");
  }
}

void ManifestSource::run() {
  while (!stopping_) {
    const auto why = folders_.wait(options_.rescan);
    if (stopping_) return;
    if (why == FolderWatch::Why::kChange) {
      folders_.settle(options_.debounce, kLongestDebounce);
    }
    guarded("manifests", [this] { refresh(reload_wanted_.exchange(false)); });
  }
}

void ManifestSource::refresh(bool all) {
  std::vector<Path> files = find_files();
  // What appeared in a folder before it was watched is found by looking again.
  for (int i = 0; i < 4 && folders_.watch_only(folders_of(files)); ++i) {
    files = find_files();
  }
  bool changed = forget_missing(files);
  changed = load_changed(files, all) || changed;
  if (changed && duplicates_) load_changed(files, true);
  if (!changed) return;
  cluster_.finish_all();
  report();
}

// In order.  A named file or folder that is gone keeps what it gave: it may be
// on its way back.
std::vector<fs::path> ManifestSource::find_files() {
  std::vector<Path> files;
  const auto add = [&](const Path& file) {
    if (std::find(files.begin(), files.end(), file) == files.end()) {
      files.push_back(file);
    }
  };
  for (const Path& path : options_.paths) {
    std::error_code error;
    if (fs::exists(path, error)) {
      missing_.erase(path);
      for (const Path& file : manifests_below(path)) add(file);
      continue;
    }
    if (missing_.insert(path).second) {
      log_warning("manifests: {} is gone; its objects stay until it is back",
                  path.string());
    }
    for (const auto& [file, state] : files_) {
      if (is_below(file, path)) add(file);
    }
  }
  return files;
}

std::set<fs::path> ManifestSource::folders_of(
    const std::vector<Path>& files) const {
  std::set<Path> folders;
  for (const Path& path : options_.paths) {
    std::error_code error;
    add_folders_towards(path, folders);
    if (!fs::is_directory(path, error)) continue;
    folders.insert(path);
    fs::recursive_directory_iterator it(
        path, fs::directory_options::follow_directory_symlink, error);
    for (const fs::recursive_directory_iterator end; !error && it != end;
         it.increment(error)) {
      if (it->path().filename().string().starts_with('.') || it.depth() > 8) {
        it.disable_recursion_pending();
      } else if (it->is_directory(error)) {
        folders.insert(it->path());
      }
    }
  }
  for (const Path& file : files) add_folders_towards(file, folders);
  return folders;
}

bool ManifestSource::forget_missing(const std::vector<Path>& files) {
  bool changed = false;
  for (auto it = files_.begin(); it != files_.end();) {
    if (std::find(files.begin(), files.end(), it->first) != files.end()) {
      ++it;
      continue;
    }
    log_info("manifests: {} is gone, and its objects with it",
             it->first.string());
    cluster_.sweep({cluster_.new_origin(), it->second.origin, {}});
    it = files_.erase(it);
    changed = true;
  }
  return changed;
}

bool ManifestSource::load_changed(const std::vector<Path>& files, bool all) {
  bool changed = false;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto known = files_.find(files[i]);
    const auto stamp = stamp_of(files[i]);
    if (!stamp) continue;  // gone again, or a missing path's
    if (!all && known != files_.end() && known->second.stamp == stamp) continue;
    changed = load(files, i, Trust::kCheckFirst) || changed;
  }
  return changed;
}

bool ManifestSource::load(const std::vector<Path>& files, std::size_t index,
                          Trust trust) {
  const Path& path = files[index];
  File& file = files_[path];
  // Before reading: a later change is then seen as one.
  file.stamp = stamp_of(path);
  const Listing listing{cluster_.new_origin(), file.origin,
                        origins_after(files, index)};
  std::size_t objects = 0;
  std::string error = read_manifest(path, trust, [&](Decoded&& decoded) {
    ++objects;
    take(listing, path, std::move(decoded));
  });
  if (!error.empty()) {
    if (error != file.error && trust == Trust::kCheckFirst) {
      log_error("manifests: {}; the file's last good objects stay", error);
    }
    file.error = std::move(error);
    if (objects > 0) file.stamp.reset();  // it changed while it was read
    cluster_.abandon(listing);
    report();
    return objects > 0;
  }
  if (trust == Trust::kCheckFirst) {
    log_info("manifests: {} read, {} objects", path.string(), objects);
  }
  file.error.clear();
  file.origin = listing.origin;
  cluster_.sweep(listing);
  return true;
}

std::vector<Origin> ManifestSource::origins_after(
    const std::vector<Path>& files, std::size_t index) const {
  std::vector<Origin> origins;
  for (std::size_t i = index + 1; i < files.size(); ++i) {
    const auto known = files_.find(files[i]);
    if (known != files_.end() && known->second.origin != 0) {
      origins.push_back(known->second.origin);
    }
  }
  return origins;
}

void ManifestSource::take(const Listing& listing, const Path& file,
                          Decoded&& decoded) {
  if (const auto* other = std::get_if<OtherObject>(&decoded)) {
    if (other->kind.empty()) return refuse_nameless(file, other->line);
    log_debug("manifests: {}: a {} is not needed for the DNS", file.string(),
              other->kind);
    return;
  }
  if (auto* bad = std::get_if<MalformedObject>(&decoded)) {
    return refuse(listing, file, std::move(*bad));
  }
  DecodedObject& object = *std::get_if<DecodedObject>(&decoded);
  const std::string name = std::string(kind_name(kind_of(object.object))) +
                           " " + to_text(key_of(object.object));
  if (cluster_.put(listing, std::move(object)) != ClusterWatch::Put::kTaken) {
    note_duplicate(file, name);
  }
}

void ManifestSource::refuse(const Listing& listing, const Path& file,
                            MalformedObject&& bad) {
  if (started_) {
    bad.why = place(file, bad.line) + ": " + bad.why;
    return cluster_.keep(listing, bad);
  }
  if (!refused_.empty()) return;
  refused_ = place(file, bad.line) + ": " + std::string(kind_name(bad.kind)) +
             " " + to_text(bad.key) + ": " + bad.why;
}

void ManifestSource::refuse_nameless(const Path& file, std::size_t line) {
  const std::string why =
      place(file, line) +
      ": an object without kind; write apiVersion and kind, or keep files "
      "that are no Kubernetes manifests elsewhere";
  if (!started_) {
    if (refused_.empty()) refused_ = why;
  } else if (told_of_nameless_.insert(why).second) {
    log_warning("manifests: {}; it is left out", why);
    constexpr std::size_t kMaxTold = 1000;
    if (told_of_nameless_.size() > kMaxTold) told_of_nameless_.clear();
  }
}

void ManifestSource::note_duplicate(const Path& file,
                                    const std::string& object) {
  duplicates_ = true;
  if (!told_of_duplicates_.insert(file).second) return;
  log_warning("manifests: {}: {} is there more than once; the last one counts",
              file.string(), object);
}

void ManifestSource::report() {
  const auto broken = std::count_if(
      files_.begin(), files_.end(),
      [](const auto& file) { return !file.second.error.empty(); });
  cluster_.note_manifests(static_cast<std::uint64_t>(broken));
}

}  // namespace canopy::kube
