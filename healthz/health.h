// What is known about the process's own health: the last probe of each tier and
// of each worker, and whether it is ready to be sent queries.  Time is passed
// in.
//
// Thread rule: every function may be called from any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "healthz/tier.h"
#include "zones/time_point.h"

namespace canopy {

class Health {
 public:
  struct Options {
    // A probe result older than this is a failure (--probe-latency).
    std::chrono::nanoseconds probe_latency = std::chrono::seconds(30);
    bool zone_tier = true;  // false with --zone-port=off
  };

  // The outcome of one question asked over a socket.
  struct Probe {
    TimePoint when;
    std::chrono::nanoseconds latency{0};
    std::string error{};  // empty: answered correctly and in time

    bool ok() const { return error.empty(); }
  };

  // The state of a tier, for /healthz and the sidecar's /healthcheck.
  struct Verdict {
    bool ok = false;
    std::chrono::nanoseconds latency{0};  // 0 when not ok
    std::string error{};                  // empty when ok
  };

  // Upper bounds in seconds of the latency histogram (the sidecar's: 0.25 ms,
  // doubled), then infinity.
  static constexpr std::array<double, 16> kLatencyBounds = {
      0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
      0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};

  // Probes since the start.  Latencies are those of correct answers.
  struct Totals {
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::array<std::uint64_t, kLatencyBounds.size() + 1> latencies{};
    double latency_seconds = 0;
  };

  explicit Health(const Options& options) : options_(options) {}

  // True when the tier is served, and so probed and counted.
  bool has(Tier tier) const {
    return tier == Tier::kCache || options_.zone_tier;
  }

  // UDP decides the verdict on a tier: a crowd of TCP clients can fill the
  // connection limit, and a restart, which is what a failed liveness probe
  // means, would not help.  TCP probes are counted only.
  void record(Tier tier, Transport transport, const Probe& probe);
  Verdict verdict(Tier tier, TimePoint now) const;
  Totals totals(Tier tier, Transport transport) const;

  // A worker, asked on sockets of its own (WorkerProbes).  While its last probe
  // has failed, over UDP or TCP, so has the tier: the kernel sends it a share
  // of all questions, and no other worker takes them over.  Workers are counted
  // from 1.
  void record_worker(Tier tier, Transport transport, unsigned worker,
                     const Probe& probe);
  // How many workers fail.
  std::size_t failing_workers(Tier tier) const;

  // Readiness: data, then listeners; draining takes it back for good.
  void data_is_in();
  void is_listening();
  void is_draining();
  bool draining() const;
  // Nothing when ready, else the reason.
  std::optional<std::string_view> unready_reason() const;

  // "cache" or "zone".
  static std::string_view name_of(Tier tier);

 private:
  struct State {
    std::array<std::optional<Probe>, kTiers> last;
    std::array<std::array<Totals, kTransports>, kTiers> totals;
    // The last probe of each worker whose last probe failed: an entry for each
    // worker at most.
    std::array<std::array<std::map<unsigned, Probe>, kTransports>, kTiers>
        failing_workers;
    bool has_data = false;
    bool listening = false;
    bool draining = false;
  };

  std::optional<Verdict> worker_failure(Tier tier, TimePoint now) const;

  const Options options_;
  mutable std::mutex mutex_;  // guards state_
  State state_;
};

}  // namespace canopy
