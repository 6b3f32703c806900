// A Forwarder whose answers a test sets.  It answers at once, or when released.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/forward/forwarder.h"
#include "server/forward/upstream_answer_reader.h"

namespace canopy::test {

class FakeForwarder final : public Forwarder {
 public:
  // `question` is like "www.example.com.  A"; `message` has the form of
  // tests/support/oracle.h.  A query without an answer fails.
  void answer(std::string_view question, std::string_view message);
  void fail(std::string_view question, std::string_view failure,
            std::chrono::milliseconds waited = {});
  // Answers with octets instead of a message in text form.
  void answer_with(std::string_view question, Octets message);
  // Later queries wait for release(); identical ones share an outcome.
  void hold() { holding_ = true; }
  void release();
  // Gives all waiting queries a late outcome.
  void be_late(std::string_view why);

  // Outcomes are of the upstreams of the plan with this edition.
  void be_of_plan(std::uint64_t edition) { plan_ = edition; }

  // All forwarded queries, with " +do", " +cd", " +ad" if they had those bits.
  const std::vector<std::string>& asked() const { return asked_; }

  void forward(const Query& query, std::uint8_t listener, Client client,
               std::unique_ptr<Waiter> waiter) override;

 private:
  using Answer = std::function<ForwardOutcome(const Query&)>;

  ForwardOutcome answered(const Query& query, const Octets& message);

  UpstreamAnswerReader reader_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> asked_;
  bool holding_ = false;
  std::optional<std::uint64_t> plan_;
  struct Held {
    std::string asked;
    std::unique_ptr<Waiter> waiter;
    SharedOutcome outcome;
  };
  std::vector<Held> held_;
};

}  // namespace canopy::test
