// One thread that answers queries: its io_context, its sockets for each
// listener of the plan, its TCP sessions, its handler and its forwarder.  The
// worker also listens on loopback, on ports of its own, for probes of this
// worker.  It shares nothing with other workers except its constructor's
// arguments.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "server/forward/cares_forwarder.h"
#include "server/listen/listen_sockets.h"
#include "server/listen/tcp_listener.h"
#include "server/listen/tcp_sessions.h"
#include "server/listen/udp_listener.h"
#include "server/observe/query_counters.h"

namespace canopy {

// Makes the handler of a worker, before the worker starts.
using MakeHandler = std::function<std::unique_ptr<MessageHandler>(
    Forwarder& forwarder, QueryCounters& counters)>;

class Worker {
 public:
  // Objects that all workers share; they must outlive the workers.
  struct Shared {
    const PlanStore& plans;
    ForwarderPool& forwarders;
    MemoryBudget& budget;
    CaresForwarder::Settings forwarding;
    TcpConnectionCount& connections;
    TcpSettings tcp;
  };

  Worker(const Shared& shared, const MakeHandler& make_handler);
  ~Worker();

  // Call these before start().
  void listen(ListenerId listener, std::vector<SocketPair> sockets);
  void listen_for_probes(ListenerId listener, SocketPair sockets);
  void start();

  // From any thread.
  const QueryCounters& counters() const { return counters_; }
  void add_counts(ForwardCounts& counts) const {
    forwarder_.add_counts(counts);
  }
  std::uint64_t arrivals() const { return arrivals_.value(); }
  // Posts a task to the loop that counts one turn, for the watchdog.
  void ask_to_turn();
  std::uint64_t turns() const { return turns_.value(); }
  // The kernel's thread ID; 0 before the thread runs.
  std::uint64_t thread_id() const { return thread_id_.value(); }
  // Stops accepting TCP connections and closes those that are idle; busy ones
  // close after their answers.  UDP queries are still answered.
  void wind_down_tcp();
  void stop();

 private:
  void listen(ListenerId listener, SocketPair pair, TcpSessions& sessions);
  void refresh_later();

  // Separate limits for the probe sockets, so that clients cannot make probes
  // fail by using up connections.
  static constexpr std::size_t kProbeConnections = 8;
  static constexpr std::size_t kProbeMemory = 256 << 10;

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{io_.get_executor()};
  QueryCounters counters_;
  Count arrivals_;
  Count turns_;
  Count thread_id_;
  CaresForwarder forwarder_;
  std::unique_ptr<MessageHandler> handler_;
  TcpSessions sessions_;
  MemoryBudget probe_budget_{kProbeMemory};
  TcpConnectionCount probe_connections_{kProbeConnections, probe_budget_};
  TcpSessions probe_sessions_;
  std::vector<std::unique_ptr<UdpListener>> udp_;
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  boost::asio::steady_timer refresh_{io_};
  std::thread thread_;
};

}  // namespace canopy
