// Asks both tiers a real DNS question over their sockets, at once and then on
// a period until the process drains, over UDP and TCP, and tells Health how
// each ended.
//
// Thread rule: made and destroyed while nobody runs the io_context, or by the
// one thread that does.
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
#include "healthz/probe_question.h"
#include "zones/name.h"
#include "zones/time_point.h"

namespace canopy {

struct SelfProbeOptions {
  Name domain = *Name::from_text("cluster.local");
  std::chrono::milliseconds period{2000};   // from start to start
  std::chrono::milliseconds timeout{2000};  // for one question
  // Where the tiers listen, the unspecified address standing for loopback; a
  // tier that is off has none.
  std::optional<boost::asio::ip::udp::endpoint> cache{};
  std::optional<boost::asio::ip::udp::endpoint> zone{};
  std::function<TimePoint()> clock = &std::chrono::steady_clock::now;
};

class SelfProbe {
 public:
  // Throws std::runtime_error when a tier's address cannot be probed.
  // `health` must outlive this.
  SelfProbe(boost::asio::io_context& io, Health& health,
            SelfProbeOptions options);
  SelfProbe(const SelfProbe&) = delete;
  SelfProbe& operator=(const SelfProbe&) = delete;
  ~SelfProbe();

  // The first round, as soon as somebody runs the io_context.  Call it when
  // the listeners are there.
  void start();

 private:
  struct Target;

  void add_targets(Tier tier, const boost::asio::ip::udp::endpoint& server);
  void round();
  void ask(Target& target);
  void conclude(Target& target, const Health::Probe& probe);

  boost::asio::io_context& io_;
  Health& health_;
  const SelfProbeOptions options_;
  const ProbeQuestion question_;
  std::vector<std::unique_ptr<Target>> targets_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace canopy
