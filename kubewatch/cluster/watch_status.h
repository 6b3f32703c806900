// The status of the cluster watch: plain values for metrics and readiness,
// copied under ClusterWatch's mutex.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "kubewatch/objects/objects.h"
#include "zones/zone_set.h"

namespace canopy::kube {

using WallTime = std::chrono::system_clock::time_point;

// Seconds from the change of an endpoint to its publication.
struct LatencyHistogram {
  static constexpr std::size_t kBounds = 20;
  // The i-th bucket counts values up to bound(i); the last one counts the rest.
  static constexpr double bound(std::size_t i) {
    return 0.001 * static_cast<double>(std::uint64_t{1} << i);
  }
  std::array<std::uint64_t, kBounds + 1> counts{};  // not cumulative
  std::uint64_t count = 0;
  double sum = 0;  // seconds

  void observe(double seconds) {
    std::size_t i = 0;
    while (i < kBounds && seconds > bound(i)) ++i;
    ++counts[i];
    ++count;
    sum += seconds;
  }
};

struct KindStatus {
  bool watched = false;
  bool synced = false;  // the first full list is complete
  std::string resource_version;
  std::size_t objects = 0;  // kept now
  std::size_t cut = 0;      // of these, too large and not served whole
  std::uint64_t added = 0;  // event counts, by the API's names
  std::uint64_t modified = 0;
  std::uint64_t deleted = 0;
  std::uint64_t bookmarks = 0;
  std::uint64_t lists = 0;      // complete lists
  std::uint64_t streamed = 0;   // of these, streamed by a watch
  std::uint64_t watches = 0;    // watches started
  std::uint64_t failures = 0;   // lists and watches that failed
  std::uint64_t malformed = 0;  // objects skipped
  std::uint64_t unread = 0;     // elements of objects left out
  std::uint64_t went_back = 0;  // events older than the one before
  std::uint64_t frozen = 0;     // watches silent for too long
  std::uint64_t same = 0;       // consistency checks by result
  std::uint64_t differing = 0;
  WallTime last_event{};  // includes bookmarks; epoch: none yet
  WallTime away_since{};  // time of the first failure; epoch: reachable
};

// The status of --snapshot-file.
struct SnapshotStatus {
  bool enabled = false;
  WallTime served_from{};  // when the loaded one was written; epoch: none
  std::uint64_t writes = 0;
  std::uint64_t failures = 0;
  std::uint64_t octets = 0;  // size of the last write
  WallTime last_write{};     // epoch: none yet
};

struct WatchStatus {
  bool synced = false;  // there is data, perhaps from a snapshot
  bool fresh = false;   // every kind has had its first full list
  bool stale = false;   // synced, but some kind is from a snapshot
  Serial serial = 0;    // last published
  SnapshotStatus snapshot;
  std::array<KindStatus, kObjectKinds> kinds;  // by ObjectKind
  LatencyHistogram cluster_ip_latency;
  LatencyHistogram headless_latency;
  std::uint64_t publishes = 0;
  WallTime last_publish{};  // epoch: none yet
  // Manifests: files that fail to load now, and completed reloads.
  std::uint64_t broken_files = 0;
  std::uint64_t reloads = 0;

  const KindStatus& of(ObjectKind kind) const {
    return kinds[static_cast<std::size_t>(kind)];
  }
};

}  // namespace canopy::kube
