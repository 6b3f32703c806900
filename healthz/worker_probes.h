// Sends every worker in turn a real DNS question, over sockets that lead to
// that worker only.  The kernel distributes the questions of a shared port.  If
// one worker of four is silent, a quarter of all questions is lost, but a probe
// of the port usually succeeds.  SelfProbe probes the port itself.
//
// Bounds: one question over UDP and one over TCP at a time, for any number of
// workers; each takes at most `timeout`.  There are no questions during a
// drain.
//
// Thread rule: construct and destroy while no thread runs the io_context, or on
// the one thread that runs it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "healthz/health.h"
#include "healthz/probe_channel.h"
#include "healthz/probe_options.h"
#include "zones/time_point.h"

namespace canopy {

// The address of one worker for one tier, over UDP and TCP.
struct ProbedWorker {
  Tier tier;
  unsigned worker;  // counted from 1
  boost::asio::ip::udp::endpoint server;
};

class WorkerProbes {
 public:
  // A round that takes longer than the period is finished first.  Throws
  // std::runtime_error when a worker's address cannot be probed.  `health` must
  // outlive this.
  WorkerProbes(boost::asio::io_context& io, Health& health,
               ProbeOptions options, std::vector<ProbedWorker> workers);
  WorkerProbes(const WorkerProbes&) = delete;
  WorkerProbes& operator=(const WorkerProbes&) = delete;
  ~WorkerProbes();

  // Starts the first round once a thread runs the io_context.  Call after the
  // listeners exist.
  void start();

 private:
  struct Lane;

  void round();
  void ask_next(Lane& lane);
  std::string fault_of(const ProbeChannel::Outcome& outcome,
                       Transport transport) const;
  void conclude(Lane& lane, const ProbedWorker& target,
                const Health::Probe& probe);

  boost::asio::io_context& io_;
  Health& health_;
  const ProbeOptions options_;
  const std::vector<ProbedWorker> workers_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // one per transport
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace canopy
