#include "healthz/self_probe.h"

#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "healthz/log.h"

namespace canopy {
namespace {

namespace net = boost::asio;
using Udp = net::ip::udp;

Udp::endpoint reachable(const Udp::endpoint& endpoint) {
  if (!endpoint.address().is_unspecified()) return endpoint;
  if (endpoint.address().is_v4()) {
    return {net::ip::address_v4::loopback(), endpoint.port()};
  }
  return {net::ip::address_v6::loopback(), endpoint.port()};
}

}  // namespace

struct SelfProbe::Target {
  Tier tier;
  Transport transport;
  ProbeChannel channel;
  TimePoint asked{};
  bool failed = false;  // last result, to log only changes
};

SelfProbe::SelfProbe(net::io_context& io, Health& health, ProbeOptions options,
                     const ProbedTiers& tiers)
    : io_(io), health_(health), options_(std::move(options)), timer_(io) {
  if (tiers.cache) add_targets(Tier::kCache, *tiers.cache);
  if (tiers.zone) add_targets(Tier::kZone, *tiers.zone);
}

SelfProbe::~SelfProbe() { *alive_ = false; }

void SelfProbe::add_targets(Tier tier, const Udp::endpoint& server) {
  for (const bool tcp : {false, true}) {
    const ProbeChannel::Options channel{.server = reachable(server),
                                        .over_tcp = tcp,
                                        .timeout = options_.timeout};
    targets_.push_back(std::unique_ptr<Target>(
        new Target{.tier = tier,
                   .transport = tcp ? Transport::kTcp : Transport::kUdp,
                   .channel = ProbeChannel(io_, channel)}));
  }
}

void SelfProbe::start() {
  net::post(io_, [this, alive = alive_] {
    if (*alive) round();
  });
}

void SelfProbe::round() {
  // A drain waits until there are no queries.  Probes are queries, so they
  // stop.
  if (health_.draining()) return;
  timer_.expires_after(options_.period);
  timer_.async_wait([this, alive = alive_](const auto& error) {
    if (!error && *alive) round();
  });
  for (const auto& target : targets_) {
    // No new question while the last round's question is unanswered.
    if (!target->channel.is_asking()) ask(*target);
  }
}

void SelfProbe::ask(Target& target) {
  target.asked = options_.clock();
  target.channel.ask(
      options_.question.message(random_probe_id()),
      [this, &target](const ProbeChannel::Outcome& outcome) {
        const TimePoint now = options_.clock();
        conclude(target,
                 {.when = now,
                  .latency = now - target.asked,
                  .error = outcome.error.empty()
                               ? options_.question.fault_of(outcome.reply)
                               : outcome.error});
      });
}

void SelfProbe::conclude(Target& target, const Health::Probe& probe) {
  const bool tcp = target.transport == Transport::kTcp;
  const std::string what = fmt::format(
      "{} tier over {}", Health::name_of(target.tier), tcp ? "TCP" : "UDP");
  if (!probe.ok() && !target.failed) {
    log_warning("probe of the {} failed: {}", what, probe.error);
  }
  if (probe.ok() && target.failed) {
    log_info("probe of the {} succeeds again", what);
  }
  target.failed = !probe.ok();
  health_.record(target.tier, target.transport, probe);
}

}  // namespace canopy
