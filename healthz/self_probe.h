// Sends both tiers a real DNS question over their sockets, at start and then
// periodically until the process drains, over UDP and TCP, and reports each
// result to Health.
//
// Thread rule: construct and destroy while no thread runs the io_context, or on
// the one thread that runs it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "healthz/health.h"
#include "healthz/probe_channel.h"
#include "healthz/probe_options.h"
#include "zones/time_point.h"

namespace canopy {

// The tiers' addresses; the unspecified address means loopback.  A disabled
// tier has none.
struct ProbedTiers {
  std::optional<boost::asio::ip::udp::endpoint> cache{};
  std::optional<boost::asio::ip::udp::endpoint> zone{};
};

class SelfProbe {
 public:
  // Throws std::runtime_error when a tier's address cannot be probed.
  // `health` must outlive this.
  SelfProbe(boost::asio::io_context& io, Health& health, ProbeOptions options,
            const ProbedTiers& tiers);
  SelfProbe(const SelfProbe&) = delete;
  SelfProbe& operator=(const SelfProbe&) = delete;
  ~SelfProbe();

  // Starts the first round once a thread runs the io_context.  Call after the
  // listeners exist.
  void start();

 private:
  struct Target;

  void add_targets(Tier tier, const boost::asio::ip::udp::endpoint& server);
  void round();
  void ask(Target& target);
  void conclude(Target& target, const Health::Probe& probe);

  boost::asio::io_context& io_;
  Health& health_;
  const ProbeOptions options_;
  std::vector<std::unique_ptr<Target>> targets_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace canopy
