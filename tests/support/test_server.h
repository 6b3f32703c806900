// A complete QueryHandler with a cluster that is written as text, upstreams
// whose answers the test sets, and a clock that the test moves.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/answer/query_handler.h"
#include "server/plan/plan_store.h"
#include "tests/support/cluster_zone.h"
#include "tests/support/fake_forwarder.h"

namespace canopy::test {

class TestServer final : private ReplySink {
 public:
  explicit TestServer(std::string_view cluster,
                      const RecordOptions& options = record_options(),
                      const CacheLimits& cache = {});
  // A server whose data source has not synced yet.
  static std::unique_ptr<TestServer> not_complete();

  struct Way {
    Tier tier = Tier::kCache;
    Transport transport = Transport::kUdp;
    // Nothing: the tier's listener in a plan from flags.
    std::optional<std::uint8_t> listener{};
    struct Client {
      std::string address = "::";
      std::uint16_t port = 0;
    };
    Client client{};
  };
  // Returns the reply in the form of tests/support/message_text.h, or "no
  // reply" if there is none (yet).  Fails the test if the reply has another ID
  // or question than the query, or if ldns reads the reply differently.
  std::string ask(std::string_view question, Way way);
  std::string ask(std::string_view question) { return ask(question, Way{}); }
  // Returns the octets of all replies to one message.
  std::vector<Octets> send(const Octets& message, Way way);
  std::vector<Octets> send(const Octets& message) { return send(message, {}); }
  // Returns replies since the last call.
  std::vector<Octets> take_replies();

  // Publishes another cluster in place of the present one.
  void publish(std::string_view cluster);
  void advance(std::chrono::seconds time) { now_ += time; }

  FakeForwarder& upstreams() { return upstreams_; }
  // Names in the stub domain belong to the upstreams, even inside a zone.
  void add_stub_domain(const std::string& domain);
  // Publishes this plan.
  void use_plan(std::shared_ptr<const Plan> plan) {
    plans_.publish(std::move(plan));
  }
  // Publishes a plan with other upstreams.
  void change_upstreams();
  AnswerCache& cache() { return cache_; }
  ZoneStore& store() { return *store_; }
  const QueryCounters& counters() const { return counters_; }

 private:
  void send(std::span<const std::uint8_t> message, const Peer&) override;

  RecordOptions options_;
  std::string cluster_;
  std::unique_ptr<ZoneStore> store_;
  PlanStore plans_;
  std::vector<std::string> stub_domains_;
  int upstreams_number_ = 0;
  AnswerCache cache_;
  FakeForwarder upstreams_;
  QueryCounters counters_;
  std::optional<QueryHandler> handler_;
  TimePoint now_{std::chrono::hours(1)};
  std::vector<Octets> replies_;
};

}  // namespace canopy::test
