// Sends the attempts of a Fetch and handles their answers.
#include <algorithm>

#include "server/forward/fetch.h"
#include "server/forward/forward_timing.h"
#include "zones/message_reader.h"

namespace canopy {
namespace {

bool is_response(std::span<const std::uint8_t> message) {
  return message.size() >= kHeaderSize && (message[2] & 0x80) != 0;
}

bool has_tc(std::span<const std::uint8_t> message) {
  return (message[2] & 0x02) != 0;
}

// For a name in wire form; length octets are never upper case.
bool is_upper_case(std::uint8_t octet) { return octet >= 'A' && octet <= 'Z'; }

}  // namespace

class Fetch::Receiver final : public UpstreamChannel::Receiver,
                              public Recycled<Receiver> {
 public:
  Receiver(Fetch& fetch, const Attempt& attempt)
      : fetch_(&fetch), attempt_(attempt) {}

  bool on_message(std::span<const std::uint8_t> message) override {
    return fetch_->on_message(attempt_, message);
  }
  void on_failure(UpstreamChannel::Failure failure) override {
    fetch_->on_failure(attempt_, failure);
  }

 private:
  const FetchPtr fetch_;
  const Attempt attempt_;
};

void Fetch::ask(std::size_t index, TimePoint now) {
  Candidate& candidate = candidates_[index];
  UpstreamHealth& health = candidate.server->health();
  candidate.state = State::kWaiting;
  candidate.counted_late = candidate.can_be_plainer = false;
  if (candidate.attempts == 0) candidate.was_up = health.is_up();
  if (candidate.transport == Transport::kTcp) ++candidate.tcp_attempts;
  ++candidate.attempts;
  ++attempts_;
  last_ = index;
  const bool random_case = !candidate.own_case && health.takes_random_case(now);
  const bool edns = !candidate.without_edns && health.takes_edns(now);
  const Attempt attempt{
      .index = index,
      .number = candidate.attempts,
      .time = now,
      .case_bits = random_case ? random_.next64() | 1U : 0,  // not zero
      .edns = edns ? WithEdns::kYes : WithEdns::kNo,
      .transport = candidate.transport};
  candidate.last = attempt;
  const QuestionMessage message(question_, random_.next16(), attempt.edns,
                                attempt.case_bits);
  auto receiver = std::make_unique<Receiver>(*this, attempt);
  if (attempt.transport == Transport::kTcp) {
    candidate.server->ask_over_tcp(message.octets(), now, std::move(receiver));
  } else {
    candidate.server->ask(message.octets(), now, std::move(receiver));
  }
}

bool Fetch::on_message(const Attempt& attempt,
                       std::span<const std::uint8_t> message) {
  const TimePoint now = std::chrono::steady_clock::now();
  if (purpose_ == Purpose::kLoopCheck) return on_loop_check(now, message);
  if (purpose_ == Purpose::kHealthCheck) return on_health_check(now, message);
  if (is_bare_error(message)) {
    on_refusal(attempt, now, message);
    return true;
  }
  if (!is_answer_to(question_, message)) {
    on_bad(attempt, now, Bad::kNotTheAnswer);
    return false;
  }
  if (!has_our_case(attempt, now, message)) return true;
  if (is_refusal(rcode_of(message))) {
    on_refusal(attempt, now, message);
    return true;
  }
  if (has_tc(message) && attempt.transport == Transport::kUdp) {
    on_truncated(attempt, now, message);
    return true;
  }
  std::optional<UpstreamAnswer> answer = reader_.read(question_, message);
  if (!answer) {
    on_bad(attempt, now, Bad::kMalformed);
    return false;
  }
  candidates_[attempt.index].server->note_answer(now - attempt.time, now,
                                                 rcode_of(message));
  learn(attempt, now, message);
  if (!is_finished_) finish_with(std::move(answer), now);
  return true;
}

void Fetch::on_failure(const Attempt& attempt,
                       UpstreamChannel::Failure failure) {
  if (is_finished_) return;
  const TimePoint now = std::chrono::steady_clock::now();
  if (purpose_ == Purpose::kLoopCheck || purpose_ == Purpose::kHealthCheck) {
    return end_own_question(failure);
  }
  if (attempt.transport ==
      candidates_[attempt.index].server->first_transport()) {
    return on_first_failure(attempt, now, failure);
  }
  on_tcp_failure(attempt, now);
}

// An answered loop check shows that the upstream is up, but not how fast it is,
// because no cache has the random name.
bool Fetch::on_loop_check(TimePoint now,
                          std::span<const std::uint8_t> message) {
  if (!is_answer_to(question_, message)) return false;
  if (is_finished_) return true;
  candidates_.front().server->health().note_refusal(now);
  is_finished_ = true;
  Outcome outcome{.was_answered = true};
  finished_(*this, outcome);
  return true;
}

// Any response counts: a health check's name need not exist, and spoofing the
// response gains nothing.
bool Fetch::on_health_check(TimePoint now,
                            std::span<const std::uint8_t> message) {
  if (!is_response(message)) return false;
  if (is_finished_) return true;
  candidates_.front().server->health().note_check_answered(now,
                                                           rcode_of(message));
  is_finished_ = true;
  Outcome outcome;
  finished_(*this, outcome);
  return true;
}

void Fetch::end_own_question(UpstreamChannel::Failure failure) {
  const Candidate& candidate = candidates_.front();
  if (purpose_ == Purpose::kHealthCheck && !candidate.counted_late) {
    candidate.server->health().note_check_failed(
        std::chrono::steady_clock::now(),
        failure == UpstreamChannel::Failure::kTimedOut
            ? UpstreamHealth::Failure::kSilence
            : UpstreamHealth::Failure::kError);
  }
  is_finished_ = true;
  Outcome outcome;
  finished_(*this, outcome);
}

// A UDP answer in another case may be spoofed by an attacker who guessed the
// rest, so the query is sent again over TCP.  An answer in another case over
// TCP shows that the upstream does not preserve case.
bool Fetch::has_our_case(const Attempt& attempt, TimePoint now,
                         std::span<const std::uint8_t> message) {
  if (attempt.case_bits == 0) return true;
  if (has_case_bits(question_, attempt.case_bits, message)) return true;
  Candidate& candidate = candidates_[attempt.index];
  if (attempt.transport == Transport::kTcp) {
    if (candidate.is_disputed) {
      candidate.server->health().note_case_lost(now);
    }
    return true;
  }
  candidate.server->note_wrong_case();
  candidate.is_disputed = true;
  if (is_finished_ || candidate.tcp_attempts > 0) return false;
  candidate.transport = Transport::kTcp;
  ask(attempt.index, now);
  return false;
}

void Fetch::hold(std::optional<UpstreamAnswer> answer) {
  if (!answer) return;
  if (!in_hand_ || (answer->is_truncated && is_refusal(in_hand_->rcode))) {
    in_hand_ = std::move(answer);
  }
}

void Fetch::on_truncated(const Attempt& attempt, TimePoint now,
                         std::span<const std::uint8_t> message) {
  Candidate& candidate = candidates_[attempt.index];
  candidate.server->note_answer(now - attempt.time, now, rcode_of(message));
  learn(attempt, now, message);
  if (is_finished_) return;
  auto answer = reader_.read(question_, message);
  // The message may be cut inside a record.  Then only its TC flag is used.
  hold(answer ? std::move(answer)
              : reader_.read(question_,
                             response_without_records(
                                 question_, Rcode::kNoError, flag::kTc)));
  const bool is_asked_over_tcp = candidate.state == State::kWaiting &&
                                 candidate.last.transport == Transport::kTcp;
  candidate.has_truncated = true;
  candidate.transport = Transport::kTcp;
  if (is_asked_over_tcp) return;
  if (purpose_ == Purpose::kClients) return ask(attempt.index, now);
  candidate.state = State::kFailed;
  go_on(now);
}

void Fetch::learn(const Attempt& attempt, TimePoint now,
                  std::span<const std::uint8_t> message) {
  const Candidate& candidate = candidates_[attempt.index];
  UpstreamHealth& health = candidate.server->health();
  if (attempt.case_bits != 0 &&
      has_case_bits(question_, attempt.case_bits, message)) {
    // A name in lower case does not show that case is preserved.
    const auto name = message.subspan(kHeaderSize, question_.qname.size());
    if (std::any_of(name.begin(), name.end(), is_upper_case)) {
      health.note_case_kept();
    }
  }
  if (attempt.transport == Transport::kTcp) return;
  if (attempt.edns == WithEdns::kYes) health.note_edns_taken();
  if (!candidate.failed) return;
  const bool edns_failed =
      candidate.failed->edns == WithEdns::kYes && attempt.edns == WithEdns::kNo;
  const bool case_failed =
      candidate.failed->case_bits != 0 && attempt.case_bits == 0;
  if (edns_failed) health.note_edns_not_taken(now);
  if (case_failed && !(edns_failed && dislikes_question(candidate.refusal))) {
    health.note_case_not_taken(now);
  }
}

}  // namespace canopy
