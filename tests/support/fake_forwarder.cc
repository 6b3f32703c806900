#include "tests/support/fake_forwarder.h"

#include <algorithm>
#include <utility>

#include "tests/support/oracle.h"
#include "tests/support/query_message.h"

namespace canopy::test {
namespace {

std::string folded(const Query& query) {
  std::string text = query.qname.to_text() + ' ' + to_text(query.qtype);
  for (char& c : text) {
    c = static_cast<char>(fold(static_cast<std::uint8_t>(c)));
  }
  return text;
}

}  // namespace

void FakeForwarder::answer(std::string_view question,
                           std::string_view message) {
  answers_[folded(query_from_text(question))] =
      [this, text = std::string(message)](const Query& query) {
        return answered(query, upstream_message(query, text));
      };
}

void FakeForwarder::fail(std::string_view question, std::string_view failure,
                         std::chrono::milliseconds waited) {
  answers_[folded(query_from_text(question))] = [text = std::string(failure),
                                                 waited](const Query&) {
    return ForwardOutcome{.failure = text, .waited = waited};
  };
}

void FakeForwarder::answer_with(std::string_view question, Octets message) {
  answers_[folded(query_from_text(question))] =
      [this, octets = std::move(message)](const Query& query) {
        return answered(query, octets);
      };
}

void FakeForwarder::release() {
  holding_ = false;
  for (const Held& held : std::exchange(held_, {})) {
    held.waiter->on_outcome(held.outcome);
  }
}

void FakeForwarder::be_late(std::string_view why) {
  const auto outcome = std::make_shared<ForwardOutcome>();
  outcome->failure = why;
  outcome->is_late = true;
  for (const Held& held : held_) held.waiter->on_outcome(outcome);
}

void FakeForwarder::forward(const Query& query, std::uint8_t, Client,
                            std::unique_ptr<Waiter> waiter) {
  asked_.push_back(query.qname.to_text() + ' ' + to_text(query.qtype) +
                   (query.dnssec_ok() ? " +do" : "") +
                   (query.checking_disabled ? " +cd" : "") +
                   (query.authentic_data ? " +ad" : ""));
  const auto like = std::find_if(
      held_.begin(), held_.end(),
      [this](const Held& held) { return held.asked == asked_.back(); });
  SharedOutcome outcome;
  if (like != held_.end()) {
    outcome = like->outcome;
  } else {
    const auto found = answers_.find(folded(query));
    auto made = std::make_shared<ForwardOutcome>(
        found == answers_.end()
            ? ForwardOutcome{.failure = "no upstream answered"}
            : found->second(query));
    made->plan = plan_;
    outcome = std::move(made);
  }
  if (!holding_) return waiter->on_outcome(outcome);
  held_.push_back({asked_.back(), std::move(waiter), std::move(outcome)});
}

ForwardOutcome FakeForwarder::answered(const Query& query,
                                       const Octets& message) {
  ForwardOutcome outcome;
  outcome.answer = reader_.read(ForwardQuestion(query), message);
  if (!outcome.answer) outcome.failure = "an upstream's answer was malformed";
  return outcome;
}

}  // namespace canopy::test
