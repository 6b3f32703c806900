#include "server/workers/workers.h"

#include <algorithm>

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
  const auto& listeners = plan->listeners();
  const auto open = static_cast<std::size_t>(std::ranges::count_if(
      listeners, [](const Listener& one) { return one.port.has_value(); }));
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (!listeners[i].port) continue;
    listen({static_cast<std::uint8_t>(i), listeners[i].tier}, listeners[i],
           resources.memory.received / open);
  }
}

Workers::~Workers() { stop(); }

void Workers::listen(ListenerId id, const Listener& listener,
                     std::size_t receive_memory) {
  ListenerSockets sockets =
      open_sockets({.addresses = listener.addresses,
                    .port = *listener.port,
                    .set_by = listener.set_by,
                    .workers = static_cast<unsigned>(workers_.size()),
                    .receive_memory = receive_memory});
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->listen(id, std::move(sockets.by_worker[i]));
  }
  auto& endpoints = endpoints_[static_cast<std::size_t>(id.tier)];
  if (endpoints.empty()) listen_for_probes(id);
  endpoints.insert(endpoints.end(), sockets.endpoints.begin(),
                   sockets.endpoints.end());
}

void Workers::listen_for_probes(ListenerId id) {
  for (const auto& worker : workers_) {
    SocketPair alone = open_probe_sockets();
    probe_endpoints_[static_cast<std::size_t>(id.tier)].push_back(alone.local);
    worker->listen_for_probes(id, std::move(alone));
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
