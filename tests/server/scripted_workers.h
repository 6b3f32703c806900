// Real workers on loopback with a handler that follows each message:
//   "hold big..." is answered with 60,000 octets after a "release"
//   "now..."      is answered at once with itself
//   "hold..."     is answered with itself after a "release"
//   "release"     releases held answers, the latest first, and is answered
//   "never..."    is not answered
//   "block"       blocks the worker until unblock()
//   "big..."      is answered with 60,000 octets
//   "throw..."    throws
//   "tier"        is answered "cache" or "zone", and "udp" or "tcp"
#pragma once

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/plan_compiler.h"
#include "server/config/text_values.h"
#include "server/workers/workers.h"

namespace canopy {

inline void send_text(const Reply& reply, std::string_view text) {
  reply.send({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

class ScriptedHandler : public MessageHandler {
 public:
  struct Script {
    std::atomic<int> handled{0};
    std::atomic<bool> unblocked{false};
  };

  explicit ScriptedHandler(Script& script) : script_(script) {}

  void end_batch(TimePoint) override {}

  void handle(std::span<const std::uint8_t> message,
              const Reply& reply) override {
    ++script_.handled;
    const std::string text(message.begin(), message.end());
    if (text.starts_with("never")) return;
    if (text.starts_with("throw")) throw std::runtime_error(text);
    if (text == "block") script_.unblocked.wait(false);
    if (text.starts_with("hold")) {
      held_.emplace_back(text, reply);
      return;
    }
    if (text.starts_with("big")) {
      return send_text(reply, std::string(60'000, 'x'));
    }
    if (text == "tier") {
      return send_text(
          reply, std::string(reply.listener.tier == Tier::kCache ? "cache "
                                                                 : "zone ") +
                     (reply.transport == Transport::kUdp ? "udp" : "tcp"));
    }
    if (text == "release") release();
    send_text(reply, text);
  }

 private:
  void release() {
    while (!held_.empty()) {
      const auto [text, reply] = std::move(held_.back());
      held_.pop_back();
      const bool is_big = text.starts_with("hold big");
      send_text(reply, is_big ? std::string(60'000, 'x') : text);
    }
  }

  Script& script_;
  std::vector<std::pair<std::string, Reply>> held_;
};

// The addresses and resources of workers.
struct TestPlan : ListenSettings, WorkerResources {};

class ScriptedWorkers {
 public:
  explicit ScriptedWorkers(const TestPlan& plan = loopback())
      : plans_(published(plan)),
        workers_(plan, *plans_, [this](Forwarder&, QueryCounters&) {
          return std::make_unique<ScriptedHandler>(script_);
        }) {
    workers_.start();
  }

  static TestPlan loopback() {
    TestPlan plan;
    plan.addresses = {address_value("127.0.0.1")};
    plan.dns_port = 0;
    plan.zone_port = 0;
    return plan;
  }

  SocketAddress cache_tier() const { return workers_.cache_tier().front(); }
  SocketAddress zone_tier() const { return workers_.zone_tier().front(); }
  const QueryCounters& counters() const { return workers_.counters(0); }
  int handled() const { return script_.handled; }
  void unblock() {
    script_.unblocked = true;
    script_.unblocked.notify_all();
  }
  Workers& workers() { return workers_; }

 private:
  static std::unique_ptr<PlanStore> published(const ListenSettings& listen) {
    auto plans = std::make_unique<PlanStore>();
    plans->publish(compile(listen, {}));
    return plans;
  }

  ScriptedHandler::Script script_;
  const std::unique_ptr<PlanStore> plans_;
  Workers workers_;
};

}  // namespace canopy
