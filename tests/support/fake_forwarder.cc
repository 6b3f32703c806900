#include "tests/support/fake_forwarder.h"

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
      [text = std::string(message)](const Query& query) {
        return ForwardOutcome{.message = upstream_message(query, text)};
      };
}

void FakeForwarder::fail(std::string_view question, std::string_view failure,
                         std::chrono::milliseconds waited) {
  answers_[folded(query_from_text(question))] = [text = std::string(failure),
                                                 waited](const Query&) {
    return ForwardOutcome{.message = {}, .failure = text, .waited = waited};
  };
}

void FakeForwarder::answer_with(std::string_view question, Octets message) {
  answers_[folded(query_from_text(question))] =
      [octets = std::move(message)](const Query&) {
        return ForwardOutcome{.message = octets};
      };
}

void FakeForwarder::add_stub_domain(std::string_view domain) {
  stub_domains_.push_back(*Name::from_text(domain));
  change();
}

NameView FakeForwarder::stub_domain_of(NameView name) {
  NameView longest = kNoSuffix;
  for (const Name& domain : stub_domains_) {
    if (name.is_subdomain_of(domain) && domain.size() > longest.size()) {
      longest = domain;
    }
  }
  return longest;
}

void FakeForwarder::release() {
  holding_ = false;
  for (const Held& held : std::exchange(held_, {})) {
    held.waiter->on_outcome(held.outcome);
  }
}

void FakeForwarder::be_late(std::string_view why) {
  ForwardOutcome outcome;
  outcome.failure = why;
  outcome.is_late = true;
  for (const Held& held : held_) held.waiter->on_outcome(outcome);
}

void FakeForwarder::forward(const Query& query, Client,
                            std::unique_ptr<Waiter> waiter) {
  asked_.push_back(query.qname.to_text() + ' ' + to_text(query.qtype) +
                   (query.dnssec_ok() ? " +do" : "") +
                   (query.checking_disabled ? " +cd" : "") +
                   (query.authentic_data ? " +ad" : ""));
  const auto found = answers_.find(folded(query));
  ForwardOutcome outcome =
      found == answers_.end()
          ? ForwardOutcome{.failure = "no upstream answered"}
          : found->second(query);
  if (!holding_) return waiter->on_outcome(outcome);
  held_.push_back({std::move(waiter), std::move(outcome)});
}

}  // namespace canopy::test
