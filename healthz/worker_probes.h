// Asks every worker in turn a real DNS question, on sockets that lead to that
// worker alone: the kernel spreads the questions of a shared port, so that one
// silent worker of four loses a quarter of them while a probe of the port is
// mostly answered.  The port itself is SelfProbe's.
//
// Bounds: one question over UDP and one over TCP at a time, however many
// workers there are; each takes `timeout` at most.  Nothing is asked while the
// process drains.
//
// Thread rule: made and destroyed while nobody runs the io_context, or by the
// one thread that does.
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
#include "healthz/probe_question.h"
#include "zones/name.h"
#include "zones/time_point.h"

namespace canopy {

// Where one worker answers for one tier, over UDP and TCP.
struct ProbedWorker {
  Tier tier;
  unsigned worker;  // counted from 1
  boost::asio::ip::udp::endpoint server;
};

struct WorkerProbesOptions {
  Name domain = *Name::from_text("cluster.local");
  // From the start of a round to the start of the next; a round that takes
  // longer is ended first.
  std::chrono::milliseconds period{2000};
  std::chrono::milliseconds timeout{2000};  // for one question
  std::vector<ProbedWorker> workers{};
  std::function<TimePoint()> clock = &std::chrono::steady_clock::now;
};

class WorkerProbes {
 public:
  // Throws std::runtime_error when a worker's address cannot be probed.
  // `health` must outlive this.
  WorkerProbes(boost::asio::io_context& io, Health& health,
               WorkerProbesOptions options);
  WorkerProbes(const WorkerProbes&) = delete;
  WorkerProbes& operator=(const WorkerProbes&) = delete;
  ~WorkerProbes();

  // The first round, as soon as somebody runs the io_context.  Call it when
  // the listeners are there.
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
  const WorkerProbesOptions options_;
  const ProbeQuestion question_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // one a transport
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace canopy
