#include "server/workers/workers.h"

namespace canopy {

Workers::Workers(const WorkerResources& resources, const PlanStore& plans,
                 const MakeHandler& make_handler)
    : budget_(resources.memory.waiting),
      connections_(resources.tcp.max_connections, budget_),
      forwarders_(budget_, SayChanges::kYes, resources.query_case) {
  const Worker::Shared shared{
      plans,        forwarders_,
      budget_,      {.ports = resources.ports_per_upstream},
      connections_, resources.tcp};
  for (unsigned i = 0; i < resources.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(shared, make_handler));
  }
  const auto plan = plans.current();
  const Listener& zone = plan->listener(Tier::kZone);
  const std::size_t memory = resources.memory.received / (zone.port ? 2 : 1);
  cache_tier_ = listen(Tier::kCache, plan->listener(Tier::kCache), memory);
  zone_tier_ = listen(Tier::kZone, zone, memory);
}

Workers::~Workers() { stop(); }

std::vector<SocketAddress> Workers::listen(Tier tier, const Listener& listener,
                                           std::size_t receive_memory) {
  if (!listener.port) return {};
  TierSockets sockets =
      open_tier_sockets({.addresses = listener.addresses,
                         .port = *listener.port,
                         .flag = listener.port_flag,
                         .workers = static_cast<unsigned>(workers_.size()),
                         .receive_memory = receive_memory});
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->listen(tier, std::move(sockets.by_worker[i]));
    SocketPair alone = open_probe_sockets();
    probe_endpoints_[static_cast<std::size_t>(tier)].push_back(alone.local);
    workers_[i]->listen_for_probes(tier, std::move(alone));
  }
  return std::move(sockets.endpoints);
}

void Workers::start() {
  for (const auto& worker : workers_) worker->start();
}

void Workers::stop() {
  for (const auto& worker : workers_) worker->stop();
}

ForwardCounts Workers::forward_counts() const {
  ForwardCounts counts;
  for (const auto& worker : workers_) worker->add_counts(counts);
  counts.health = forwarders_.registry().in_use();
  return counts;
}

std::uint64_t Workers::arrivals() const {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->arrivals();
  return sum;
}

void Workers::drain(const DrainTimes& times, const Pause& pause) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kLook{20};
  // Time to wind down TCP connections, even if clients never become quiet.
  constexpr std::chrono::milliseconds kWindingDown{2'000};
  const auto end = Clock::now() + times.grace;
  const auto last_call = end - std::min(kWindingDown, times.grace / 2);
  auto active = Clock::now();
  std::uint64_t seen = arrivals();
  while (Clock::now() < last_call && Clock::now() - active < times.quiet) {
    if (pause(std::min(kLook, times.quiet))) return;
    const std::uint64_t now = arrivals();
    if (now != seen) active = Clock::now();
    seen = now;
  }
  for (const auto& worker : workers_) worker->wind_down_tcp();
  // Waits for outstanding answers; a forwarded one may take seconds.
  while (Clock::now() < end && tcp_connections() > 0) {
    if (pause(kLook)) return;
  }
}

}  // namespace canopy
