#include "kubewatch/snapshot/snapshot_keeper.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "healthz/guarded.h"
#include "healthz/log.h"

namespace canopy::kube {

namespace {

constexpr int kLowestPriority = 19;

bool has_failed(const WatchStatus& status) {
  for (const KindStatus& kind : status.kinds) {
    if (kind.failures > 0) return true;
  }
  return false;
}

long long seconds_between(WallTime from, WallTime to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

}  // namespace

SnapshotKeeper::SnapshotKeeper(SnapshotOptions options, ClusterWatch& cluster)
    : options_(std::move(options)), cluster_(cluster), file_(options_.path) {
  status_.enabled = true;
}

SnapshotKeeper::~SnapshotKeeper() { stop(); }

void SnapshotKeeper::start() {
  thread_ = std::thread([this] { run(); });
}

void SnapshotKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool SnapshotKeeper::stopped_within(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, time, [&] { return stopping_; });
}

void SnapshotKeeper::run() {
  pthread_setname_np(pthread_self(), "canopy-snapshot");
  // On Linux each thread has its own priority.  This thread must not delay
  // answers.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowestPriority);
  cluster_.note_snapshot(status_);
  const auto write = [this] {
    guarded("snapshot", [this] { write_what_changed(); });
  };
  guarded("snapshot", [this] { wait_for_the_api_server(); });
  do {
    write();
  } while (!stopped_within(options_.period));
  write();
}

void SnapshotKeeper::wait_for_the_api_server() {
  const auto end = std::chrono::steady_clock::now() + options_.patience;
  do {
    const WatchStatus status = cluster_.status();
    if (status.fresh) return;
    if (has_failed(status) || std::chrono::steady_clock::now() > end) {
      return serve_what_was_kept();
    }
  } while (!stopped_within(options_.look_every));
}

void SnapshotKeeper::serve_what_was_kept() {
  const std::string path = file_.path().string();
  if (!file_.exists()) {
    log_info("snapshot {}: does not exist yet", path);
    return;
  }
  const auto found = file_.read();
  const auto* snapshot = std::get_if<Snapshot>(&found);
  std::string why;
  if (snapshot == nullptr) {
    why = *std::get_if<std::string>(&found);
  } else if (snapshot->head().fingerprint != options_.fingerprint) {
    why = "it is from another cluster, or was written with other flags";
  }
  if (!why.empty()) {
    log_warning("snapshot {}: {}; starting without it", path, why);
    return;
  }
  const WallTime written = snapshot->head().written;
  const std::size_t objects = cluster_.restore(*snapshot);
  if (objects == 0) return;  // the API server's lists came first
  status_.served_from = written;
  cluster_.note_snapshot(status_);
  log_warning(
      "snapshot {}: serving its {} objects, {} s old, until the API server is "
      "reachable",
      path, objects, seconds_between(written, options_.clock()));
}

// Writes only data that the API server has confirmed.
void SnapshotKeeper::write_what_changed() {
  const WatchStatus status = cluster_.status();
  if (!status.fresh || status.serial == written_) return;
  const auto result =
      file_.write({options_.fingerprint, options_.clock()},
                  [&](const SnapshotFile::Sink& sink) { cluster_.save(sink); });
  if (result.error.empty()) {
    written_ = status.serial;
    ++status_.writes;
    status_.octets = result.octets;
    status_.last_write = options_.clock();
    if (!std::exchange(trouble_, {}).empty()) {
      log_info("snapshot {}: written again after failures",
               file_.path().string());
    }
  } else {
    ++status_.failures;
    if (std::exchange(trouble_, result.error) != result.error) {
      log_warning("snapshot {}: cannot be written: {}; keeping the last one",
                  file_.path().string(), result.error);
    }
  }
  cluster_.note_snapshot(status_);
}

}  // namespace canopy::kube
