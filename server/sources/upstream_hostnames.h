// Looks up servers of stub domains that are given by name, and looks again
// when their TTL is over.  On the thread of its io_context.
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
  // `on_change` is called when a server's addresses are other than before.
  UpstreamHostnames(boost::asio::io_context& io,
                    std::function<void()> on_change);
  ~UpstreamHostnames();

  // Whom to ask: nothing of this depends on the names looked up.
  void ask(std::shared_ptr<const Plan> plan);
  // From now on these, and no others.  Known addresses are kept.
  void watch(const std::vector<NamedServer>& servers);
  // Empty as long as it is not known.
  std::vector<SocketAddress> endpoints_of(const NamedServer& server) const;
  // All again, now.
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
  // Of its own: clients cannot keep it from asking.
  MemoryBudget budget_{1 << 20};
  ForwarderPool pool_{budget_, SayChanges::kNo, QueryCase::kAuto};
  CaresForwarder forwarder_;
  std::map<NamedServer, std::shared_ptr<Lookup>> lookups_;
};

}  // namespace canopy
