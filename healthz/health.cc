#include "healthz/health.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

namespace canopy {
namespace {

using Seconds = std::chrono::duration<double>;

double seconds(std::chrono::nanoseconds duration) {
  return Seconds(duration).count();
}

std::size_t index_of(Tier tier) { return static_cast<std::size_t>(tier); }

void count(Health::Totals& totals, const Health::Probe& probe) {
  if (!probe.ok()) {
    ++totals.failed;
    return;
  }
  ++totals.ok;
  const double latency = seconds(probe.latency);
  const auto bound = std::lower_bound(Health::kLatencyBounds.begin(),
                                      Health::kLatencyBounds.end(), latency);
  const auto bucket = bound - Health::kLatencyBounds.begin();
  ++totals.latencies[static_cast<std::size_t>(bucket)];
  totals.latency_seconds += latency;
}

Health::Verdict failure(std::string error) {
  return {.ok = false, .error = std::move(error)};
}

}  // namespace

void Health::record(Tier tier, Transport transport, const Probe& probe) {
  const std::lock_guard lock(mutex_);
  count(state_.totals[index_of(tier)][static_cast<std::size_t>(transport)],
        probe);
  if (transport == Transport::kUdp) state_.last[index_of(tier)] = probe;
}

Health::Verdict Health::verdict(Tier tier, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  if (auto failed = worker_failure(tier, now)) return *std::move(failed);
  const std::optional<Probe>& last = state_.last[index_of(tier)];
  if (!last) return failure("waiting for first probe");
  const auto age = now - last->when;
  if (!last->ok()) {
    return failure(fmt::format("{}, {:.1f} s ago", last->error, seconds(age)));
  }
  // The probes stop during a drain, because their queries would count as
  // clients' queries.
  if (age > options_.probe_latency && !state_.draining) {
    return failure(
        fmt::format("latest result too old to be useful: {:.1f} s, limit {} s",
                    seconds(age), seconds(options_.probe_latency)));
  }
  return {.ok = true, .latency = last->latency, .error = {}};
}

// Checks UDP first: a worker that fails over both has the same error.
// REQUIRES: mutex_ is held.
std::optional<Health::Verdict> Health::worker_failure(Tier tier,
                                                      TimePoint now) const {
  for (const auto& failing : state_.failing_workers[index_of(tier)]) {
    if (failing.empty()) continue;
    const auto& [worker, probe] = *failing.begin();
    std::string error = fmt::format("worker {} {}, {:.1f} s ago", worker,
                                    probe.error, seconds(now - probe.when));
    if (failing.size() > 1) {
      error += fmt::format("; {} more workers are failing", failing.size() - 1);
    }
    return failure(std::move(error));
  }
  return std::nullopt;
}

void Health::record_worker(Tier tier, Transport transport, unsigned worker,
                           const Probe& probe) {
  const std::lock_guard lock(mutex_);
  auto& failing =
      state_
          .failing_workers[index_of(tier)][static_cast<std::size_t>(transport)];
  if (probe.ok()) {
    failing.erase(worker);
  } else {
    failing.insert_or_assign(worker, probe);
  }
}

std::size_t Health::failing_workers(Tier tier) const {
  const std::lock_guard lock(mutex_);
  std::set<unsigned> workers;
  for (const auto& failing : state_.failing_workers[index_of(tier)]) {
    for (const auto& [worker, probe] : failing) workers.insert(worker);
  }
  return workers.size();
}

Health::Totals Health::totals(Tier tier, Transport transport) const {
  const std::lock_guard lock(mutex_);
  return state_.totals[index_of(tier)][static_cast<std::size_t>(transport)];
}

void Health::data_is_in() {
  const std::lock_guard lock(mutex_);
  state_.has_data = true;
}

void Health::is_listening() {
  const std::lock_guard lock(mutex_);
  state_.listening = true;
}

void Health::is_draining() {
  const std::lock_guard lock(mutex_);
  state_.draining = true;
}

bool Health::draining() const {
  const std::lock_guard lock(mutex_);
  return state_.draining;
}

std::optional<std::string_view> Health::unready_reason() const {
  const std::lock_guard lock(mutex_);
  if (state_.draining) return "shutting down";
  if (!state_.listening) return "not listening yet";
  if (!state_.has_data) return "waiting for the first full sync";
  return std::nullopt;
}

std::string_view Health::name_of(Tier tier) {
  return tier == Tier::kCache ? "cache" : "zone";
}

}  // namespace canopy
