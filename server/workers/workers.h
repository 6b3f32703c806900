// All workers: opens the ports of all listeners, starts and stops the threads.
// Used from the main thread.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "server/limits/memory_budget.h"
#include "server/machine/granted_memory.h"
#include "server/plan/drain_times.h"
#include "server/plan/plan_store.h"
#include "server/workers/worker.h"

namespace canopy {

// The resources that the machine grants to the workers.
struct WorkerResources {
  unsigned workers = 1;
  TcpSettings tcp = {};
  std::size_t ports_per_upstream = UpstreamServer::kMostPorts;
  QueryCase query_case = QueryCase::kAuto;
  MemoryPlan memory = MemoryPlan(granted_memory());
};

// Waits for the given time.  Returns true to end the drain at once.
using Pause = std::function<bool(std::chrono::milliseconds)>;

class Workers {
 public:
  // Opens and binds the sockets of the current plan; answers nothing yet.
  // Throws ConfigurationError.
  Workers(const WorkerResources& resources, const PlanStore& plans,
          const MakeHandler& make_handler);
  ~Workers();

  void start();
  // Continues to answer until no query arrives or the grace time is over, then
  // winds down TCP connections.  Blocks.
  void drain(const DrainTimes& times, const Pause& pause);
  void stop();

  // One bound address for each address of the tier's listeners, the first
  // listener's first.  If the configured port is 0, they have the port that the
  // kernel chose.
  const std::vector<SocketAddress>& cache_tier() const {
    return endpoints_[static_cast<std::size_t>(Tier::kCache)];
  }
  const std::vector<SocketAddress>& zone_tier() const {
    return endpoints_[static_cast<std::size_t>(Tier::kZone)];
  }

  // The loopback addresses that reach one worker each, in the workers' order.
  // They belong to the tier's first listener.
  const std::vector<SocketAddress>& probe_endpoints(Tier tier) const {
    return probe_endpoints_[static_cast<std::size_t>(tier)];
  }

  std::size_t size() const { return workers_.size(); }
  // For the watchdog.  Any thread, until this is destroyed.
  Worker& worker(std::size_t number) { return *workers_[number]; }
  // Any thread, until this is destroyed.
  const QueryCounters& counters(std::size_t worker) const {
    return workers_[worker]->counters();
  }
  ForwardCounts forward_counts() const;
  std::size_t tcp_connections() const { return connections_.open(); }
  const MemoryBudget& budget() const { return budget_; }

 private:
  void listen(ListenerId id, const Listener& listener,
              std::size_t receive_memory);
  void listen_for_probes(ListenerId id);
  std::uint64_t arrivals() const;

  MemoryBudget budget_;
  TcpConnectionCount connections_;
  ForwarderPool forwarders_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::array<std::vector<SocketAddress>, kTiers> endpoints_;
  std::array<std::vector<SocketAddress>, kTiers> probe_endpoints_;
};

}  // namespace canopy
