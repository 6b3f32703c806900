// What comes of an Inquiry's askings.
#include <algorithm>

#include "server/forward/forward_timing.h"
#include "server/forward/inquiry.h"
#include "zones/message_reader.h"

namespace canopy {
namespace {

bool is_response(std::span<const std::uint8_t> message) {
  return message.size() >= kHeaderSize && (message[2] & 0x80) != 0;
}

bool has_tc(std::span<const std::uint8_t> message) {
  return (message[2] & 0x02) != 0;
}

// Of a name in wire form: no length is one.
bool is_upper_case(std::uint8_t octet) { return octet >= 'A' && octet <= 'Z'; }

}  // namespace

class Inquiry::Asker final : public UpstreamChannel::Asker,
                             public Recycled<Asker> {
 public:
  Asker(Inquiry& inquiry, const Asking& asking)
      : inquiry_(&inquiry), asking_(asking) {}

  bool on_message(std::span<const std::uint8_t> message) override {
    return inquiry_->on_message(asking_, message);
  }
  void on_failure(UpstreamChannel::Failure failure) override {
    inquiry_->on_failure(asking_, failure);
  }

 private:
  const InquiryPtr inquiry_;
  const Asking asking_;
};

void Inquiry::ask(std::size_t index, TimePoint now) {
  Candidate& candidate = candidates_[index];
  UpstreamCondition& condition = candidate.server->condition();
  candidate.state = State::kWaiting;
  candidate.counted_late = candidate.can_be_plainer = false;
  if (candidate.askings == 0) candidate.was_up = condition.is_up();
  if (candidate.transport == Transport::kTcp) ++candidate.tcp_askings;
  ++candidate.askings;
  ++askings_;
  last_ = index;
  const bool random_case =
      !candidate.own_case && condition.takes_random_case(now);
  const bool edns = !candidate.without_edns && condition.takes_edns(now);
  const Asking asking{
      .index = index,
      .number = candidate.askings,
      .time = now,
      .spelling = random_case ? random_.next64() | 1U : 0,  // not zero
      .edns = edns ? WithEdns::kYes : WithEdns::kNo,
      .transport = candidate.transport};
  candidate.last = asking;
  const QuestionMessage message(question_, random_.next16(), asking.edns,
                                asking.spelling);
  auto asker = std::make_unique<Asker>(*this, asking);
  if (asking.transport == Transport::kTcp) {
    candidate.server->ask_over_tcp(message.octets(), now, std::move(asker));
  } else {
    candidate.server->ask(message.octets(), now, std::move(asker));
  }
}

bool Inquiry::on_message(const Asking& asking,
                         std::span<const std::uint8_t> message) {
  const TimePoint now = std::chrono::steady_clock::now();
  if (purpose_ == Purpose::kLoopCheck) return on_loop_check(now, message);
  if (purpose_ == Purpose::kHealthCheck) return on_health_check(now, message);
  if (is_bare_error(message)) {
    on_refusal(asking, now, message);
    return true;
  }
  if (!is_answer_to(question_, message)) {
    on_bad(asking, now, Bad::kNotTheAnswer);
    return false;
  }
  if (!has_right_spelling(asking, now, message)) return true;
  if (is_refusal(rcode_of(message))) {
    on_refusal(asking, now, message);
    return true;
  }
  if (has_tc(message) && asking.transport == Transport::kUdp) {
    on_truncated(asking, now, message);
    return true;
  }
  std::optional<UpstreamAnswer> answer = reader_.read(question_, message);
  if (!answer) {
    on_bad(asking, now, Bad::kMalformed);
    return false;
  }
  candidates_[asking.index].server->note_answer(now - asking.time, now);
  learn(asking, now, message);
  if (!is_finished_) finish_with(std::move(answer), now);
  return true;
}

void Inquiry::on_failure(const Asking& asking,
                         UpstreamChannel::Failure failure) {
  if (is_finished_) return;
  const TimePoint now = std::chrono::steady_clock::now();
  if (purpose_ == Purpose::kLoopCheck || purpose_ == Purpose::kHealthCheck) {
    return end_own_question(failure);
  }
  if (asking.transport == Transport::kTcp) return on_tcp_failure(asking, now);
  on_udp_failure(asking, now, failure);
}

// An answered loop check shows that the upstream is up, but not how fast it is:
// the random name is in no cache.
bool Inquiry::on_loop_check(TimePoint now,
                            std::span<const std::uint8_t> message) {
  if (!is_answer_to(question_, message)) return false;
  if (is_finished_) return true;
  candidates_.front().server->condition().note_refusal(now);
  is_finished_ = true;
  Outcome outcome{.was_answered = true};
  finished_(*this, outcome);
  return true;
}

// A health check's name need not exist, and spoofing it gains nothing: any
// response counts.
bool Inquiry::on_health_check(TimePoint now,
                              std::span<const std::uint8_t> message) {
  if (!is_response(message)) return false;
  if (is_finished_) return true;
  candidates_.front().server->condition().note_check_answered(
      now, rcode_of(message));
  is_finished_ = true;
  Outcome outcome;
  finished_(*this, outcome);
  return true;
}

void Inquiry::end_own_question(UpstreamChannel::Failure failure) {
  const Candidate& candidate = candidates_.front();
  if (purpose_ == Purpose::kHealthCheck && !candidate.counted_late) {
    candidate.server->condition().note_check_failed(
        std::chrono::steady_clock::now(),
        failure == UpstreamChannel::Failure::kTimedOut
            ? UpstreamCondition::Failure::kSilence
            : UpstreamCondition::Failure::kError);
  }
  is_finished_ = true;
  Outcome outcome;
  finished_(*this, outcome);
}

// Over UDP another spelling may be an attacker's, who guessed the rest: the
// question goes out over TCP.  If the answer is so spelled there too, it is the
// upstream's way.
bool Inquiry::has_right_spelling(const Asking& asking, TimePoint now,
                                 std::span<const std::uint8_t> message) {
  if (asking.spelling == 0) return true;
  if (is_spelled(question_, asking.spelling, message)) return true;
  Candidate& candidate = candidates_[asking.index];
  if (asking.transport == Transport::kTcp) {
    if (candidate.is_disputed) {
      candidate.server->condition().note_case_lost(now);
    }
    return true;
  }
  candidate.server->note_misspelled();
  candidate.is_disputed = true;
  if (is_finished_ || candidate.tcp_askings > 0) return false;
  candidate.transport = Transport::kTcp;
  ask(asking.index, now);
  return false;
}

void Inquiry::hold(std::optional<UpstreamAnswer> answer) {
  if (!answer) return;
  if (!in_hand_ || (answer->is_truncated && is_refusal(in_hand_->rcode))) {
    in_hand_ = std::move(answer);
  }
}

void Inquiry::on_truncated(const Asking& asking, TimePoint now,
                           std::span<const std::uint8_t> message) {
  Candidate& candidate = candidates_[asking.index];
  candidate.server->note_answer(now - asking.time, now);
  learn(asking, now, message);
  if (is_finished_) return;
  auto answer = reader_.read(question_, message);
  // It may be cut in the middle of a record: TC is then all it says.
  hold(answer ? std::move(answer)
              : reader_.read(question_,
                             response_without_records(
                                 question_, Rcode::kNoError, flag::kTc)));
  const bool is_asked_over_tcp = candidate.state == State::kWaiting &&
                                 candidate.last.transport == Transport::kTcp;
  candidate.has_truncated = true;
  candidate.transport = Transport::kTcp;
  if (is_asked_over_tcp) return;
  if (purpose_ == Purpose::kClients) return ask(asking.index, now);
  candidate.state = State::kFailed;
  go_on(now);
}

void Inquiry::learn(const Asking& asking, TimePoint now,
                    std::span<const std::uint8_t> message) {
  const Candidate& candidate = candidates_[asking.index];
  UpstreamCondition& condition = candidate.server->condition();
  if (asking.spelling != 0 && is_spelled(question_, asking.spelling, message)) {
    // An answer in lower case does not show a preserved case.
    const auto name = message.subspan(kHeaderSize, question_.qname.size());
    if (std::any_of(name.begin(), name.end(), is_upper_case)) {
      condition.note_case_kept();
    }
  }
  if (asking.transport == Transport::kTcp) return;
  if (asking.edns == WithEdns::kYes) condition.note_edns_taken();
  if (!candidate.failed) return;
  const bool edns_failed =
      candidate.failed->edns == WithEdns::kYes && asking.edns == WithEdns::kNo;
  const bool case_failed =
      candidate.failed->spelling != 0 && asking.spelling == 0;
  if (edns_failed) condition.note_edns_not_taken(now);
  if (case_failed && !(edns_failed && dislikes_question(candidate.refusal))) {
    condition.note_case_not_taken(now);
  }
}

}  // namespace canopy
