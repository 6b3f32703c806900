#include "server/workers/workers.h"

namespace canopy {

Workers::Workers(const WorkersPlan& plan, const UpstreamStore& upstreams,
                 const MakeHandler& make_handler)
    : budget_(plan.memory.waiting),
      connections_(plan.tcp.max_connections, budget_),
      forwarders_(budget_, SayChanges::kYes, plan.query_case) {
  const Worker::Shared shared{upstreams,    forwarders_,
                              budget_,      {.ports = plan.ports_per_upstream},
                              connections_, plan.tcp};
  for (unsigned i = 0; i < plan.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(shared, make_handler));
  }
  ListenPlan listen_plan;
  listen_plan.addresses = plan.addresses;
  listen_plan.workers = plan.workers;
  listen_plan.receive_memory = plan.memory.received / (plan.zone_port ? 2 : 1);
  listen_plan.port = plan.dns_port;
  listen_plan.flag = "--dns-port";
  TierSockets cache = open_tier_sockets(listen_plan);
  cache_tier_ = cache.endpoints;
  listen(Tier::kCache, std::move(cache));
  if (!plan.zone_port) return;
  listen_plan.port = *plan.zone_port;
  listen_plan.flag = "--zone-port";
  TierSockets zone = open_tier_sockets(listen_plan);
  zone_tier_ = zone.endpoints;
  listen(Tier::kZone, std::move(zone));
}

Workers::~Workers() { stop(); }

void Workers::listen(Tier tier, TierSockets sockets) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->listen(tier, std::move(sockets.by_worker[i]));
    SocketPair alone = open_probe_sockets();
    probe_endpoints_[static_cast<std::size_t>(tier)].push_back(alone.local);
    workers_[i]->listen_for_probes(tier, std::move(alone));
  }
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
  // Clients that are never quiet: their connections need some time as well.
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
