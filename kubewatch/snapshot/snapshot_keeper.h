// Keeps a snapshot of the cluster in a file while the watch is healthy, and
// serves an existing snapshot if the API server is unreachable at the start.
//
// Threads: any one thread may call start and stop.  A thread of its own, with
// the lowest priority, reads and writes the file.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "kubewatch/cluster/cluster_watch.h"
#include "kubewatch/snapshot/snapshot_file.h"

namespace canopy::kube {

struct SnapshotOptions {
  std::filesystem::path path;
  std::string fingerprint;
  // The time that the API server has before the snapshot is served.  One failed
  // list or watch ends the wait early.
  std::chrono::milliseconds patience{2'000};
  std::chrono::milliseconds look_every{20};  // polling period during the wait
  std::chrono::milliseconds period{10'000};  // minimum between two writes
  std::function<WallTime()> clock = std::chrono::system_clock::now;
};

class SnapshotKeeper {
 public:
  // `cluster` must outlive this.  Throws ConfigurationError.
  SnapshotKeeper(SnapshotOptions options, ClusterWatch& cluster);
  ~SnapshotKeeper();
  SnapshotKeeper(const SnapshotKeeper&) = delete;
  SnapshotKeeper& operator=(const SnapshotKeeper&) = delete;

  void start();
  // Writes the changes since the last write.
  void stop();

 private:
  void run();
  void wait_for_the_api_server();
  void serve_what_was_kept();
  void write_what_changed();
  bool stopped_within(std::chrono::milliseconds time);

  const SnapshotOptions options_;
  ClusterWatch& cluster_;
  SnapshotFile file_;
  std::thread thread_;

  std::mutex mutex_;  // guards the next two members
  std::condition_variable wake_;
  bool stopping_ = false;

  // Used by the thread only.
  Serial written_ = 0;   // the serial of the last write; 0: none
  std::string trouble_;  // last error logged; empty: none
  SnapshotStatus status_;
};

}  // namespace canopy::kube
