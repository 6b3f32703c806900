#include "healthz/worker_probes.h"

#include <boost/asio/post.hpp>
#include <set>
#include <string>
#include <utility>

#include "healthz/log.h"

namespace canopy {
namespace {

namespace net = boost::asio;

std::string_view name_of(Transport transport) {
  return transport == Transport::kTcp ? "TCP" : "UDP";
}

}  // namespace

// The probes of one transport: workers are probed one after another.
struct WorkerProbes::Lane {
  Transport transport;
  ProbeChannel channel;
  // The next worker's index in workers_; between rounds, their number.
  std::size_t next = 0;
  TimePoint asked{};
  // The workers whose last probe failed, to log only changes.
  std::set<std::size_t> failing{};
};

WorkerProbes::WorkerProbes(net::io_context& io, Health& health,
                           ProbeOptions options,
                           std::vector<ProbedWorker> workers)
    : io_(io),
      health_(health),
      options_(std::move(options)),
      workers_(std::move(workers)),
      timer_(io) {
  if (workers_.empty()) return;
  for (const auto transport : {Transport::kUdp, Transport::kTcp}) {
    const ProbeChannel::Options channel{
        .server = workers_.front().server,
        .over_tcp = transport == Transport::kTcp,
        .timeout = options_.timeout};
    lanes_.push_back(
        std::unique_ptr<Lane>(new Lane{.transport = transport,
                                       .channel = ProbeChannel(io_, channel),
                                       .next = workers_.size()}));
  }
}

WorkerProbes::~WorkerProbes() { *alive_ = false; }

void WorkerProbes::start() {
  net::post(io_, [this, alive = alive_] {
    if (*alive) round();
  });
}

void WorkerProbes::round() {
  if (health_.draining()) return;  // as in SelfProbe
  timer_.expires_after(options_.period);
  timer_.async_wait([this, alive = alive_](const auto& error) {
    if (!error && *alive) round();
  });
  for (const auto& lane : lanes_) {
    if (lane->next < workers_.size()) continue;  // a round is running
    lane->next = 0;
    ask_next(*lane);
  }
}

void WorkerProbes::ask_next(Lane& lane) {
  if (lane.next == workers_.size() || health_.draining()) return;
  const ProbedWorker& target = workers_[lane.next];
  lane.channel.aim_at(target.server);
  lane.asked = options_.clock();
  lane.channel.ask(
      options_.question.message(random_probe_id()),
      [this, &lane, &target](const ProbeChannel::Outcome& outcome) {
        const TimePoint now = options_.clock();
        conclude(lane, target,
                 {.when = now,
                  .latency = now - lane.asked,
                  .error = fault_of(outcome, lane.transport)});
      });
}

// The worker's fault, as text to follow "worker 3"; empty when it answered.
std::string WorkerProbes::fault_of(const ProbeChannel::Outcome& outcome,
                                   Transport transport) const {
  if (outcome.timed_out) {
    return fmt::format("did not answer within {} s ({})",
                       std::chrono::duration<double>(options_.timeout).count(),
                       name_of(transport));
  }
  const std::string fault = outcome.error.empty()
                                ? options_.question.fault_of(outcome.reply)
                                : outcome.error;
  return fault.empty() ? fault : "failed: " + fault;
}

void WorkerProbes::conclude(Lane& lane, const ProbedWorker& target,
                            const Health::Probe& probe) {
  const bool failed_before = lane.failing.contains(lane.next);
  if (!probe.ok() && !failed_before) {
    log_warning("{} tier: worker {} {}", Health::name_of(target.tier),
                target.worker, probe.error);
    lane.failing.insert(lane.next);
  }
  if (probe.ok() && failed_before) {
    log_info("{} tier: worker {} answers again over {}",
             Health::name_of(target.tier), target.worker,
             name_of(lane.transport));
    lane.failing.erase(lane.next);
  }
  health_.record_worker(target.tier, lane.transport, target.worker, probe);
  ++lane.next;
  // Posted, because the channel has not finished this question.
  net::post(io_, [this, &lane, alive = alive_] {
    if (*alive) ask_next(lane);
  });
}

}  // namespace canopy
