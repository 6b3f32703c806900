// The health of the process: the last probe of each tier and of each worker,
// and whether the process is ready for queries.  Callers pass in the time.
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

  // The result of one question asked over a socket.
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

  // Upper bounds of the latency histogram, in seconds (as in the sidecar: 0.25
  // ms, doubled each time), then infinity.
  static constexpr std::array<double, 16> kLatencyBounds = {
      0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
      0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};

  // Probes since the start.  Latencies include correct answers only.
  struct Totals {
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::array<std::uint64_t, kLatencyBounds.size() + 1> latencies{};
    double latency_seconds = 0;
  };

  explicit Health(const Options& options) : options_(options) {}

  // True when the tier is enabled, and therefore probed and counted.
  bool has(Tier tier) const {
    return tier == Tier::kCache || options_.zone_tier;
  }

  // Only UDP probes decide the tier's verdict; TCP probes are only counted.
  // TCP clients can fill the connection limit.  A failed liveness probe then
  // causes a restart, which would not help.
  void record(Tier tier, Transport transport, const Probe& probe);
  Verdict verdict(Tier tier, TimePoint now) const;
  Totals totals(Tier tier, Transport transport) const;

  // Records a probe of one worker over its own sockets (WorkerProbes).  The
  // tier fails while the last probe of any worker has failed, over UDP or TCP,
  // because the kernel sends each worker a share of all queries that no other
  // worker takes over.  Workers are numbered from 1.
  void record_worker(Tier tier, Transport transport, unsigned worker,
                     const Probe& probe);
  // The number of workers that fail.
  std::size_t failing_workers(Tier tier) const;

  // Readiness needs data, then listeners; draining revokes it permanently.
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
    // The last probe of each failing worker: at most one entry per worker.
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
