// A whole QueryHandler with a cluster written as text, upstreams that answer
// what the test says, and a clock the test moves.
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
  // One whose source of data has not told everything yet.
  static std::unique_ptr<TestServer> not_complete();

  struct Way {
    Tier tier = Tier::kCache;
    Transport transport = Transport::kUdp;
  };
  // The reply in the form of tests/support/message_text.h; "no reply" when
  // there is none (yet).  Fails the test when the reply's ID or question is
  // not the question's, or ldns reads something else.
  std::string ask(std::string_view question, Way way);
  std::string ask(std::string_view question) { return ask(question, Way{}); }
  // The octets of all replies to one message, whatever it is.
  std::vector<Octets> send(const Octets& message, Way way);
  std::vector<Octets> send(const Octets& message) { return send(message, {}); }
  // Replies that came since they were last taken.
  std::vector<Octets> take_replies();

  // Publishes another cluster in place of the one so far.
  void publish(std::string_view cluster);
  void advance(std::chrono::seconds time) { now_ += time; }

  FakeForwarder& upstreams() { return upstreams_; }
  // Names in it are the upstreams', also inside a zone.
  void add_stub_domain(const std::string& domain);
  // Others are asked from now on.
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
