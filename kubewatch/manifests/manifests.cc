#include "kubewatch/manifests/manifests.h"

#include <algorithm>
#include <utility>

#include "healthz/configuration_error.h"
#include "healthz/guarded.h"
#include "healthz/log.h"
#include "healthz/read_file.h"

namespace canopy::kube {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLongestDebounce{1000};

std::string place(const fs::path& file, std::size_t line) {
  return file.string() + (line == 0 ? "" : ":" + std::to_string(line));
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// Services are written by people, and kubectl would refuse this one.  Objects
// from controllers are served without the fields or items that cannot be read.
bool is_refused(const DecodedObject& object) {
  return !object.unread.empty() &&
         kind_of(object.object) == ObjectKind::kService;
}

}  // namespace

ManifestSource::ManifestSource(ManifestOptions options, ClusterWatch& cluster)
    : options_(std::move(options)), cluster_(cluster), paths_(options_.paths) {}

ManifestSource::~ManifestSource() { stop(); }

void ManifestSource::start() {
  load_all();
  if (!faults_.empty()) {
    throw ConfigurationError(faults_.front() + "; correct the manifest");
  }
  publish();
  report();
  const ManifestCensus all = census();
  if (all.is_empty()) {
    log_warning(
        "manifests: no Service, EndpointSlice, Namespace or Pod found: no "
        "cluster name will resolve");
  }
  if (!allocated_.empty()) {
    log_info(
        "manifests: {} Services without clusterIP were assigned addresses from "
        "--service-cidr",
        allocated_.size());
  }
  started_ = true;
  thread_ = std::thread([this] { run(); });
}

ManifestSurvey ManifestSource::survey() {
  load_all();
  publish();
  const ManifestCensus all = census();
  ManifestSurvey survey{faults_, all.lines(options_.service_cidr.has_value())};
  std::vector<std::string> foreign;
  for (const auto& [path, file] : files_) {
    if (file.census.without_kind() > 0) foreign.push_back(path.string());
  }
  if (!foreign.empty()) {
    survey.lines.push_back("ignored, not a Kubernetes object (no kind): " +
                           list_text(foreign));
  }
  if (all.is_empty()) {
    survey.lines.push_back(
        "warning: no Service, EndpointSlice, Namespace or Pod found: no "
        "cluster name will resolve");
  }
  return survey;
}

void ManifestSource::load_all() {
  paths_.check();
  faults_ = find_files();
  folders_.watch_only(paths_.folders(order_));
  for (std::size_t i = 0; i < order_.size(); ++i) {
    load(i);
    const std::string& broken = files_[order_[i]].error;
    if (!broken.empty()) faults_.push_back(broken);
  }
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
  constexpr int kMaxLooks = 5;
  // Search again for files that were added before their folder was watched.
  for (int i = 0; i < kMaxLooks; ++i) {
    for (const std::string& trouble : find_files()) {
      log_warning("manifests: {}; keeping its objects until it is back",
                  trouble);
    }
    if (!folders_.watch_only(paths_.folders(order_))) break;
  }
  bool changed = forget_missing();
  changed = load_changed(all) || changed;
  if (changed && duplicates_) load_changed(true);
  if (!changed) return;
  publish();
  report();
}

ManifestCensus ManifestSource::census() const {
  ManifestCensus sum;
  for (const Path& path : order_) {
    const auto file = files_.find(path);
    if (file != files_.end()) sum.add(file->second.census);
  }
  return sum;
}

void ManifestSource::publish() {
  if (options_.service_cidr) allocate();
  cluster_.finish_all();
}

void ManifestSource::allocate() {
  const ManifestCensus all = census();
  std::set<ObjectKey> wanting;
  for (const auto& [key, object] : all.without_address()) wanting.insert(key);
  auto allocated = allocate_addresses(*options_.service_cidr, wanting,
                                      all.written_addresses());
  if (allocated.size() < wanting.size()) {
    log_warning(
        "manifests: --service-cidr has no free address left: {} Services have "
        "none",
        wanting.size() - allocated.size());
  }
  for (const auto& [key, address] : allocated) {
    const auto before = allocated_.find(key);
    if (before != allocated_.end() && before->second == address) continue;
    give(key, address);
  }
  allocated_ = std::move(allocated);
}

// Returns new problems with the paths, each only once.
std::vector<std::string> ManifestSource::find_files() {
  std::vector<Path> known;
  known.reserve(files_.size());
  for (const auto& [path, file] : files_) known.push_back(path);
  ManifestPaths::Found found = paths_.find(known);
  order_ = std::move(found.files);
  for (auto& [path, file] : files_) file.place = kGone;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const auto file = files_.find(order_[i]);
    if (file != files_.end()) file->second.place = i;
  }
  return std::move(found.troubles);
}

bool ManifestSource::forget_missing() {
  bool changed = false;
  for (auto it = files_.begin(); it != files_.end();) {
    if (it->second.place != kGone) {
      ++it;
      continue;
    }
    log_info("manifests: {} was removed; its objects are no longer served",
             it->first.string());
    cluster_.sweep({cluster_.new_origin(), it->second.origin, {}});
    it = files_.erase(it);
    changed = true;
  }
  return changed;
}

bool ManifestSource::load_changed(bool all) {
  bool changed = false;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const auto stamp = stamp_of(order_[i]);
    if (!stamp) continue;  // removed meanwhile, or below a missing path
    if (is_read_now(order_[i], *stamp, all)) changed = load(i) || changed;
  }
  return changed;
}

bool ManifestSource::is_read_now(const Path& path, const FileStamp& stamp,
                                 bool all) {
  const auto known = files_.find(path);
  const bool is_new = known == files_.end();
  if (!is_new && known->second.is_pipe && is_pipe(path)) return false;
  if (!is_new && !all && known->second.stamp == stamp) return false;
  if (!folders_.is_being_written({stamp.device, stamp.inode})) return true;
  // Closing the file will be reported as a change.
  if (!is_new) keep(known->second, path.string() + " is being written");
  return false;
}

bool ManifestSource::load(std::size_t index) {
  const Path& path = order_[index];
  File& file = files_[path];
  file.place = index;
  // Taken before reading, so that a later change is detected.
  file.stamp = stamp_of(path);
  if (!started_) file.is_pipe = paths_.names(path) && is_pipe(path);
  if (is_emptied(path, file)) {
    keep(file, path.string() + " is empty");
    return false;
  }
  const Listing listing{cluster_.new_origin(), file.origin,
                        origins_after(index)};
  ManifestCensus before = std::exchange(file.census, {});
  std::size_t objects = 0;
  const auto read = file.is_pipe ? read_manifest_pipe : read_manifest;
  ManifestError error = read(path, [&](Decoded&& decoded) {
    ++objects;
    take(listing, path, file, std::move(decoded));
  });
  if (!error.text.empty()) {
    file.census = std::move(before);
    // Read again: the file changed while it was read, or could not be read.
    if (objects > 0 || error.is_unread) file.stamp.reset();
    cluster_.abandon(listing);
    keep(file, std::move(error.text));
    return objects > 0;
  }
  if (started_)
    log_info("manifests: {} read, {} objects", path.string(), objects);
  file.error.clear();
  file.origin = listing.origin;
  cluster_.sweep(listing);
  remark_on(path, file);
  return true;
}

// The writer of the file may have failed, or may not have started yet.
bool ManifestSource::is_emptied(const Path& path, const File& file) {
  return file.stamp && file.stamp->size == 0 && !file.census.is_empty() &&
         fault_of_kind(path).empty();
}

void ManifestSource::keep(File& file, std::string why) {
  if (started_ && why != file.error) {
    log_error("manifests: {}; keeping the file's last good objects", why);
  }
  file.error = std::move(why);
  report();
}

std::vector<Origin> ManifestSource::origins_after(std::size_t index) const {
  std::vector<Origin> origins;
  for (const auto& [path, file] : files_) {
    if (file.place != kGone && file.place > index && file.origin != 0) {
      origins.push_back(file.origin);
    }
  }
  return origins;
}

void ManifestSource::take(const Listing& listing, const Path& path, File& file,
                          Decoded&& decoded) {
  if (const auto* other = std::get_if<OtherObject>(&decoded)) {
    return file.census.count(*other);
  }
  if (auto* bad = std::get_if<MalformedObject>(&decoded)) {
    return refuse(listing, path, std::move(*bad));
  }
  DecodedObject& object = *std::get_if<DecodedObject>(&decoded);
  if (is_refused(object)) {
    return refuse(listing, path,
                  {ObjectKind::kService, key_of(object.object), object.unread,
                   object.line, "Service"});
  }
  if (!object.unread.empty()) {
    object.unread = place(path, object.line) + ": " + object.unread;
  }
  file.census.count(object);
  const ObjectKey key = key_of(object.object);
  const std::string name = object_text(kind_of(object.object), key);
  Service* const service = std::get_if<Service>(&object.object);
  if (service != nullptr && file.census.without_address().contains(key)) {
    // The address may change once all objects are known.
    const auto allocated = allocated_.find(key);
    if (allocated != allocated_.end()) {
      service->cluster_ips = {allocated->second};
    }
  }
  if (cluster_.put(listing, std::move(object)) != ClusterWatch::Put::kTaken) {
    note_duplicate(path, name);
  }
}

void ManifestSource::give(const ObjectKey& key, const IpAddress& address) {
  const File* last = nullptr;
  for (const auto& [path, file] : files_) {
    if (file.place == kGone || (last != nullptr && file.place < last->place)) {
      continue;
    }
    if (file.census.without_address().contains(key)) last = &file;
  }
  if (last == nullptr) return;
  DecodedObject object = last->census.without_address().at(key);
  std::get<Service>(object.object).cluster_ips = {address};
  cluster_.put({last->origin, last->origin, origins_after(last->place)},
               std::move(object));
}

void ManifestSource::remark_on(const Path& path, File& file) {
  std::vector<std::string> remarks = file.census.misspelled_kinds();
  const auto& nameless = file.census.without_address();
  if (!options_.service_cidr && !nameless.empty()) {
    std::vector<std::string> names;
    names.reserve(nameless.size());
    for (const auto& [key, object] : nameless) names.push_back(to_text(key));
    remarks.push_back(
        "Services without clusterIP do not resolve: " + list_text(names) +
        "; set clusterIP, or assign addresses with "
        "--service-cidr=10.96.0.0/12");
  }
  for (const std::string& remark : remarks) {
    if (!contains(file.remarks, remark)) {
      log_warning("manifests: {}: {}", path.string(), remark);
    }
  }
  if (file.census.without_kind() > 0) {
    remarks.push_back(
        "ignoring documents without a kind: not Kubernetes objects");
    if (!contains(file.remarks, remarks.back())) {
      log_info("manifests: {}: {}", path.string(), remarks.back());
    }
  }
  file.remarks = std::move(remarks);
}

void ManifestSource::refuse(const Listing& listing, const Path& file,
                            MalformedObject&& bad) {
  if (started_) {
    bad.why = place(file, bad.line) + ": " + bad.why;
    return cluster_.keep(listing, bad);
  }
  faults_.push_back(place(file, bad.line) + ": " +
                    std::string(bad.written_kind) + " " + to_text(bad.key) +
                    ": " + bad.why);
}

void ManifestSource::note_duplicate(const Path& file,
                                    const std::string& object) {
  duplicates_ = true;
  if (!told_of_duplicates_.insert(file).second) return;
  log_warning("manifests: {}: {} is defined more than once; using the last one",
              file.string(), object);
}

void ManifestSource::report() {
  const auto broken = std::count_if(
      files_.begin(), files_.end(),
      [](const auto& file) { return !file.second.error.empty(); });
  cluster_.note_manifests(static_cast<std::uint64_t>(broken));
}

}  // namespace canopy::kube
