// The forwarders of all workers and their shared state, so that identical
// queries meet at one forwarder.  Filled before the workers start and never
// changed after.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <vector>

#include "cache/cache_key.h"
#include "server/forward/upstream_registry.h"
#include "server/limits/memory_budget.h"

namespace canopy {

class CaresForwarder;

class ForwarderPool {
 public:
  // `budget` must outlive this.
  ForwarderPool(MemoryBudget& budget, SayChanges say, QueryCase query_case)
      : budget_(budget), registry_(say, query_case) {}

  // The memory for queries that wait for upstreams.
  MemoryBudget& budget() { return budget_; }

  UpstreamRegistry& registry() { return registry_; }
  const UpstreamRegistry& registry() const { return registry_; }

  // Returns the forwarder's index.
  std::size_t add(boost::asio::io_context& io, CaresForwarder& forwarder) {
    members_.push_back({&io, &forwarder});
    return members_.size() - 1;
  }

  // The hash has a random seed, so that clients cannot direct their queries at
  // one worker.
  std::size_t owner_of(const CacheKey& key) const {
    return key.hash() % members_.size();
  }

  // Calls `act(forwarder)` on that worker's thread, later.
  template <typename Act>
  void post(std::size_t index, Act act) const {
    boost::asio::post(*members_[index].io,
                      [forwarder = members_[index].forwarder,
                       act = std::move(act)]() mutable { act(*forwarder); });
  }

 private:
  struct Member {
    boost::asio::io_context* io;
    CaresForwarder* forwarder;
  };

  MemoryBudget& budget_;
  UpstreamRegistry registry_;
  std::vector<Member> members_;
};

}  // namespace canopy
