#include "server/inquiry.h"

#include <algorithm>

#include "server/forward_timing.h"
#include "server/upstream_text.h"
#include "zones/message_reader.h"

namespace canopy {
namespace {

// The upstream will not or cannot say; another one may.
bool is_refusal(Rcode rcode) {
  return rcode == Rcode::kServFail || rcode == Rcode::kRefused ||
         rcode == Rcode::kNotImp || rcode == Rcode::kFormErr;
}

bool is_response(std::span<const std::uint8_t> message) {
  return message.size() >= kHeaderSize && (message[2] & 0x80) != 0;
}

// Of a name in wire form: no length is one.
bool is_upper_case(std::uint8_t octet) { return octet >= 'A' && octet <= 'Z'; }

}  // namespace

class Inquiry::Asker final : public CaresChannel::Asker,
                             public Recycled<Asker> {
 public:
  Asker(Inquiry& inquiry, const Asking& asking)
      : inquiry_(&inquiry), asking_(asking) {}

  void on_result(const CaresChannel::Result& result) override {
    inquiry_->on_result(asking_, result);
  }

 private:
  const InquiryPtr inquiry_;
  const Asking asking_;
};

void Inquiry::start(TimePoint now) {
  started_ = now;
  // A stale answer is not served at once because names like this one failed:
  // the servers are known to answer nothing at all.
  const bool none_answers =
      std::all_of(candidates_.begin(), candidates_.end(), [now](const auto& c) {
        return c.server->condition().answers_nothing(now);
      });
  ask(0, now);
  if (is_finished_) return;
  if (none_answers) become_late(now);
  set_next_look(now);
  set_due();
}

void Inquiry::on_due(TimePoint now) {
  if (is_finished_) return;
  if (!is_late_ && now - started_ >= kClientPatience) become_late(now);
  if (now >= next_look_) look(now);
  if (!is_finished_) set_due();
}

void Inquiry::look(TimePoint now) {
  count_late(now);
  if (now - started_ >= kBudget) return finish(now);
  if (Candidate* const next = not_asked()) {
    ask(*next, now);
  } else if (!refusal_.empty() || all_are_loops()) {
    // One of them did answer, if only to refuse, and the others had their
    // time; or nobody is left to ask.
    return finish(now);
  } else if (Candidate* const again = worth_asking_again()) {
    if (again->askings >= kMostAskings) again->transport = Transport::kTcp;
    ask(*again, now);
  }
  if (!is_finished_) set_next_look(now);
}

// By what the one asked last usually takes; longer with each round, and by
// chance up to half as long again: questions that were lost together would be
// lost together again.
void Inquiry::set_next_look(TimePoint now) {
  if (purpose_ == Purpose::kHealthCheck) {
    const bool has_failed = candidates_.front().counted_late;
    next_look_ = started_ + (has_failed ? kBudget : kCheckWait);
    return;
  }
  const std::size_t rounds = (askings_ - 1) / candidates_.size();
  const auto usual =
      candidates_[last_].server->round_trip().retry_after() * (1U << rounds);
  const auto wait = usual + usual * random_.next16() / 0x20000;
  const bool asks_more = worth_asking_again() != nullptr ||
                         not_asked() != nullptr || !refusal_.empty() ||
                         !candidates_[last_].counted_late;
  next_look_ = started_ + kBudget;
  if (asks_more) next_look_ = std::min(next_look_, now + wait);
}

void Inquiry::set_due() {
  due_ = next_look_;
  if (!is_late_) due_ = std::min(due_, started_ + kClientPatience);
}

void Inquiry::become_late(TimePoint now) {
  is_late_ = true;
  if (waiters.empty()) return;
  Outcome outcome;
  outcome.failure = failure_text(now);
  outcome.waited = now - started_;
  outcome.is_late = true;
  finished_(*this, outcome);
}

void Inquiry::ask(std::size_t index, TimePoint now) {
  Candidate& candidate = candidates_[index];
  candidate.state = State::kWaiting;
  candidate.counted_late = false;
  if (candidate.askings == 0) {
    candidate.was_up = candidate.server->condition().is_up();
  }
  candidate.tried_tcp |= candidate.transport == Transport::kTcp;
  ++candidate.askings;
  ++askings_;
  last_ = index;
  const Asking asking{.index = index,
                      .time = now,
                      .spelling = candidate.server->condition().keeps_spelling()
                                      ? random_.next64() | 1U  // not zero
                                      : 0,
                      .transport = candidate.transport};
  const QuestionMessage message(question_, random_.next16(), candidate.edns,
                                asking.spelling);
  auto asker = std::make_unique<Asker>(*this, asking);
  if (asking.transport == Transport::kTcp) {
    candidate.server->ask_over_tcp(message.octets(), now, std::move(asker));
  } else {
    candidate.server->ask(message.octets(), now, std::move(asker));
  }
}

void Inquiry::on_result(const Asking& asking,
                        const CaresChannel::Result& result) {
  const TimePoint now = std::chrono::steady_clock::now();
  const std::size_t index = asking.index;
  const TimePoint asked = asking.time;
  if (purpose_ == Purpose::kLoopCheck) return on_loop_check(now, result);
  if (purpose_ == Purpose::kHealthCheck) return on_health_check(now, result);
  if (!is_answer_to(question_, result.message)) {
    return on_failure(asking, now, result);
  }
  if (!has_right_spelling(asking, now, result.message)) return;
  UpstreamServer& server = *candidates_[index].server;
  if (is_refusal(rcode_of(result.message))) {
    server.note_refusal(now - asked, now);
    if (!is_finished_) on_refusal(index, now, result.message);
    return;
  }
  server.note_answer(now - asked, now);
  if (!is_finished_) finish_with(result.message, now);
}

// It says that the upstream is there, and nothing of how quick it is: the name
// is one that none has cached.
void Inquiry::on_loop_check(TimePoint now, const CaresChannel::Result& result) {
  if (is_finished_) return;
  const bool answered = is_answer_to(question_, result.message);
  if (answered) candidates_.front().server->condition().note_refusal(now);
  is_finished_ = true;
  Outcome outcome;
  if (answered) {
    outcome.message.assign(result.message.begin(), result.message.end());
  }
  finished_(*this, outcome);
}

// What is asked here need not exist, and a forger gains nothing: any response
// will do.
void Inquiry::on_health_check(TimePoint now,
                              const CaresChannel::Result& result) {
  if (is_finished_) return;
  UpstreamCondition& condition = candidates_.front().server->condition();
  if (is_response(result.message)) {
    condition.note_check_answered(now, rcode_of(result.message));
  } else if (!candidates_.front().counted_late) {
    condition.note_check_failed(now, result.timed_out
                                         ? UpstreamCondition::Failure::kSilence
                                         : UpstreamCondition::Failure::kError);
  }
  is_finished_ = true;
  finished_(*this, {});
}

// Over UDP another spelling may be an attacker's, who guessed the rest: the
// question goes out over TCP.  If the answer is so spelled there too, it is the
// upstream's way.
bool Inquiry::has_right_spelling(const Asking& asking, TimePoint now,
                                 std::span<const std::uint8_t> message) {
  if (asking.spelling == 0) return true;
  Candidate& candidate = candidates_[asking.index];
  UpstreamCondition& condition = candidate.server->condition();
  if (is_spelled(question_, asking.spelling, message)) {
    // What came all in lower case proves nothing.
    const auto name = message.subspan(12, question_.qname.wire().size());
    if (std::any_of(name.begin(), name.end(), is_upper_case)) {
      condition.note_spelling_kept();
    }
    return true;
  }
  if (asking.transport == Transport::kTcp) {
    if (candidate.is_disputed) condition.note_spelling_lost();
    return true;
  }
  candidate.server->note_misspelled();
  candidate.is_disputed = true;
  if (is_finished_ || candidate.tried_tcp) return false;
  candidate.transport = Transport::kTcp;
  ask(asking.index, now);
  return false;
}

void Inquiry::on_failure(const Asking& asking, TimePoint now,
                         const CaresChannel::Result& result) {
  if (is_finished_) return;
  const std::size_t index = asking.index;
  Candidate& candidate = candidates_[index];
  const bool answered = !result.message.empty();
  if (asking.transport == Transport::kTcp && !answered) {
    if (candidate.transport != Transport::kTcp) return;  // given up before
    give_up_tcp(candidate);
    if (candidate.is_disputed && candidate.askings <= kMostAskings) {
      ask(index, now);
    }
    return;
  }
  // c-ares tells errors apart in words that say less than these.
  candidate.failure = answered           ? "answered something else"
                      : result.timed_out ? "timed out"
                                         : "is unreachable";
  if (!candidate.counted_late) {
    candidate.counted_late = true;
    candidate.was_lost = true;
    if (result.timed_out) {
      candidate.server->note_late(now);
    } else {
      candidate.server->note_error(now, candidate.failure);
    }
  }
  // Not an answer to our question: as if nothing had come yet.
  if (answered) return;
  candidate.state = State::kFailed;
  go_on(now);
}

void Inquiry::on_refusal(std::size_t index, TimePoint now,
                         std::span<const std::uint8_t> message) {
  Candidate& candidate = candidates_[index];
  // RFC 6891 section 7: it may not know EDNS; ask it once without.
  if (rcode_of(message) == Rcode::kFormErr &&
      candidate.edns == WithEdns::kYes) {
    candidate.edns = WithEdns::kNo;
    return ask(index, now);
  }
  candidate.state = State::kRefused;
  candidate.refusal = rcode_of(message);
  if (refusal_.empty()) refusal_.assign(message.begin(), message.end());
  go_on(now);
}

void Inquiry::go_on(TimePoint now) {
  if (Candidate* const next = not_asked()) return ask(*next, now);
  const bool waits = std::any_of(
      candidates_.begin(), candidates_.end(),
      [](const Candidate& c) { return c.state == State::kWaiting; });
  if (!waits) finish(now);
}

Inquiry::Candidate* Inquiry::not_asked() {
  const auto found =
      std::find_if(candidates_.begin(), candidates_.end(),
                   [](const auto& c) { return c.state == State::kNotAsked; });
  return found == candidates_.end() ? nullptr : &*found;
}

Inquiry::Candidate* Inquiry::worth_asking_again() {
  if (purpose_ != Purpose::kClients) return nullptr;
  for (std::size_t i = 1; i <= candidates_.size(); ++i) {
    Candidate& candidate = candidates_[(last_ + i) % candidates_.size()];
    if (candidate.state != State::kWaiting) continue;
    // One that is down gets no more of a flood than one question each.
    const bool again_over_tcp =
        !candidate.tried_tcp && candidate.server->condition().is_up();
    if (candidate.askings < kMostAskings ? candidate.was_up : again_over_tcp) {
      return &candidate;
    }
  }
  return nullptr;
}

bool Inquiry::all_are_loops() const {
  return purpose_ == Purpose::kClients &&
         std::all_of(candidates_.begin(), candidates_.end(),
                     [](const Candidate& c) { return c.server->is_loop(); });
}

void Inquiry::count_late(TimePoint now) {
  if (purpose_ == Purpose::kLoopCheck) return;
  Candidate& candidate = candidates_[last_];
  if (candidate.state != State::kWaiting || candidate.counted_late) return;
  candidate.counted_late = true;
  if (purpose_ == Purpose::kHealthCheck) {
    return candidate.server->condition().note_check_failed(
        now, UpstreamCondition::Failure::kSilence);
  }
  candidate.was_lost = true;
  candidate.server->note_late(now);
  if (candidate.transport == Transport::kTcp) give_up_tcp(candidate);
}

void Inquiry::give_up_tcp(Candidate& candidate) {
  candidate.transport = Transport::kUdp;
  if (candidate.is_disputed) {
    candidate.server->condition().note_spelling_doubt();
  }
}

void Inquiry::finish(TimePoint now) { finish_with(refusal_, now); }

void Inquiry::finish_with(std::span<const std::uint8_t> message,
                          TimePoint now) {
  is_finished_ = true;
  const bool answered = !message.empty() && !is_refusal(rcode_of(message));
  if (answered) count_losses(now);
  Outcome outcome;
  outcome.message.assign(message.begin(), message.end());
  if (!answered) outcome.failure = failure_text(now);
  outcome.waited = now - started_;
  finished_(*this, outcome);
}

void Inquiry::count_losses(TimePoint now) {
  for (const Candidate& candidate : candidates_) {
    if (candidate.state == State::kRefused) {
      candidate.server->note_worse_refusal(now, candidate.refusal);
    } else if (candidate.was_lost) {
      candidate.server->note_loss();
    }
  }
}

std::string Inquiry::failure_text(TimePoint now) const {
  const auto waited =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - started_);
  std::string text;
  for (const Candidate& candidate : candidates_) {
    text += upstream_name(candidate.server->endpoint(), candidate.number,
                          configured_) +
            ' ';
    if (candidate.server->is_loop()) {
      text += "leads back to this server";
    } else if (candidate.state == State::kRefused) {
      text += "answered " + to_text(candidate.refusal);
    } else {
      text += candidate.failure;
    }
    text += ", ";
  }
  return text + "after " + std::to_string(waited.count()) + " ms";
}

}  // namespace canopy
