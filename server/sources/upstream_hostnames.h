// Looks up servers of stub domains that are given by name, and looks them up
// again when their TTL expires.  On the thread of its io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "server/config/kube_dns_config.h"
#include "server/forward/cares_forwarder.h"
#include "server/plan/plan_store.h"

namespace canopy {

class UpstreamHostnames {
 public:
  // `on_change` is called when the addresses of a server have changed.
  UpstreamHostnames(boost::asio::io_context& io,
                    std::function<void()> on_change);
  ~UpstreamHostnames();

  // Sets the plan that names the upstreams to ask.  The plan must not depend on
  // the names that are looked up.
  void ask(std::shared_ptr<const Plan> plan);
  // Replaces the list of servers.  Known addresses are kept.
  void watch(const std::vector<NamedServer>& servers);
  // Empty until the lookup succeeds.
  std::vector<SocketAddress> endpoints_of(const NamedServer& server) const;
  // Looks up all names again, now.
  void refresh();

 private:
  struct Lookup;

  void start(const std::shared_ptr<Lookup>& lookup);
  void ask_type(const std::shared_ptr<Lookup>& lookup, RrType type);
  void on_answer(const std::shared_ptr<Lookup>& lookup, RrType type,
                 const ForwardOutcome& outcome);
  void finish(const std::shared_ptr<Lookup>& lookup);

  boost::asio::io_context& io_;
  const std::function<void()> on_change_;
  PlanStore plans_;
  // Separate from the workers' budget, so that clients cannot block lookups.
  MemoryBudget budget_{1 << 20};
  ForwarderPool pool_{budget_, SayChanges::kNo, QueryCase::kAuto};
  CaresForwarder forwarder_;
  std::map<NamedServer, std::shared_ptr<Lookup>> lookups_;
};

}  // namespace canopy
