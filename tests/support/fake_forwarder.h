// Upstreams that answer what a test says, at once or when it lets them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/forward/forwarder.h"
#include "server/forward/upstream_answer_reader.h"

namespace canopy::test {

class FakeForwarder final : public Forwarder {
 public:
  // `question` as "www.example.com. A"; the message in the form of
  // tests/support/oracle.h.  Questions without an answer fail.
  void answer(std::string_view question, std::string_view message);
  void fail(std::string_view question, std::string_view failure,
            std::chrono::milliseconds waited = {});
  // Octets in place of a message.
  void answer_with(std::string_view question, Octets message);
  // From now on questions wait for release(); the same ones share an outcome.
  void hold() { holding_ = true; }
  void release();
  // Questions that wait are told that it takes long.
  void be_late(std::string_view why);

  // Every question forwarded, with " +do", " +cd", " +ad" where they were.
  const std::vector<std::string>& asked() const { return asked_; }

  void forward(const Query& query, Client client,
               std::unique_ptr<Waiter> waiter) override;

 private:
  using Answer = std::function<ForwardOutcome(const Query&)>;

  ForwardOutcome answered(const Query& query, const Octets& message);

  UpstreamAnswerReader reader_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> asked_;
  bool holding_ = false;
  struct Held {
    std::string asked;
    std::unique_ptr<Waiter> waiter;
    SharedOutcome outcome;
  };
  std::vector<Held> held_;
};

}  // namespace canopy::test
