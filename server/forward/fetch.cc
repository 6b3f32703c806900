#include "server/forward/fetch.h"

#include <algorithm>

#include "server/forward/forward_timing.h"
#include "server/plan/upstream_text.h"

namespace canopy {

void Fetch::start(TimePoint now) {
  started_ = now;
  // Failures of clients' names alone do not justify a stale answer at once.
  // The servers must be known to answer nothing.
  const bool none_answers = std::all_of(
      candidates_.begin(), candidates_.end(),
      [now](const auto& c) { return c.server->health().answers_nothing(now); });
  ask(0, now);
  if (is_finished_) return;
  if (none_answers) become_late(now);
  set_next_look(now);
  set_due();
}

void Fetch::on_due(TimePoint now) {
  if (is_finished_) return;
  if (!is_late_ && now - started_ >= kClientPatience) become_late(now);
  if (now >= next_look_) look(now);
  if (!is_finished_) set_due();
}

void Fetch::look(TimePoint now) {
  count_late(now);
  if (now - started_ >= kBudget) return finish(now);
  if (!goes_on(now)) return finish(now);
  if (!is_finished_) set_next_look(now);
}

bool Fetch::goes_on(TimePoint now) {
  if (Candidate* const next = not_asked()) {
    ask(*next, now);
    return true;
  }
  Candidate& last = candidates_[last_];
  if (last.has_truncated && waits_for_tcp(last, now)) return true;
  if (Candidate* const plainer = worth_asking_plainer(now)) {
    ask(*plainer, now);
    return true;
  }
  // One upstream answered, if only with a refusal, and the others had time; or
  // all upstreams are loops.
  if (in_hand_ || all_are_loops()) return false;
  if (Candidate* const again = worth_asking_again()) {
    ask_again(*again, now);
    return true;
  }
  return !is_hopeless();
}

// The wait depends on the usual time of the upstream asked last, and doubles
// with each round.  A random addition of up to one half spreads retries:
// queries that were lost together would otherwise be lost together again.
void Fetch::set_next_look(TimePoint now) {
  if (purpose_ == Purpose::kHealthCheck) {
    const bool has_failed = candidates_.front().counted_late;
    next_look_ = started_ + (has_failed ? kBudget : kCheckWait);
    return;
  }
  const Candidate& last = candidates_[last_];
  const std::size_t rounds = last.transport == Transport::kTcp
                                 ? 1
                                 : (attempts_ - 1) / candidates_.size();
  const auto usual = last.server->round_trip().retry_after() * (1U << rounds);
  const auto wait = usual + usual * random_.next16() / 0x20000;
  const bool asks_more = worth_asking_again() != nullptr ||
                         not_asked() != nullptr || in_hand_.has_value() ||
                         is_hopeless() || !last.counted_late;
  next_look_ = started_ + kBudget;
  if (asks_more) next_look_ = std::min(next_look_, now + wait);
}

void Fetch::set_due() {
  due_ = next_look_;
  if (!is_late_) due_ = std::min(due_, started_ + kClientPatience);
}

void Fetch::become_late(TimePoint now) {
  is_late_ = true;
  if (waiters.empty()) return;
  Outcome outcome;
  outcome.failure = failure_text(now);
  outcome.waited = now - started_;
  outcome.is_late = true;
  finished_(*this, outcome);
}

// After a failure or a refusal: asks the next upstream that was not asked.
// Then asks those that refused, in a plainer form.  Otherwise finishes.
void Fetch::go_on(TimePoint now) {
  if (Candidate* const next = not_asked()) return ask(*next, now);
  if (any_is(State::kWaiting)) return;
  if (Candidate* const plainer = worth_asking_plainer(now)) {
    return ask(*plainer, now);
  }
  // The right answer may still follow a bad one, so look() decides.
  if (!any_is(State::kBad)) finish(now);
}

bool Fetch::any_is(State state) const {
  return std::any_of(candidates_.begin(), candidates_.end(),
                     [=](const Candidate& c) { return c.state == state; });
}

Fetch::Candidate* Fetch::not_asked() {
  const auto found =
      std::find_if(candidates_.begin(), candidates_.end(),
                   [](const auto& c) { return c.state == State::kNotAsked; });
  return found == candidates_.end() ? nullptr : &*found;
}

Fetch::Candidate* Fetch::worth_asking_again() {
  if (purpose_ != Purpose::kClients) return nullptr;
  for (std::size_t i = 1; i <= candidates_.size(); ++i) {
    Candidate& candidate = candidates_[(last_ + i) % candidates_.size()];
    if (candidate.state != State::kWaiting && candidate.state != State::kBad) {
      continue;
    }
    if (candidate.has_truncated) continue;
    // Even in a flood, a fetch sends at most one query to an upstream that is
    // down.
    const bool again_over_tcp =
        candidate.tcp_attempts == 0 && candidate.server->health().is_up();
    if (candidate.attempts < kMostAttempts ? candidate.was_up
                                           : again_over_tcp) {
      return &candidate;
    }
  }
  return nullptr;
}

// A silent upstream may drop messages with random case or EDNS.  A retry uses
// the client's case.  The last attempt has no EDNS; if the upstream never
// answered with EDNS, the first retry has none either.  TCP comes after those.
void Fetch::ask_again(Candidate& candidate, TimePoint now) {
  // A slow name is no reason to renew a connection that gives other answers.
  if (candidate.transport == Transport::kTcp &&
      !candidate.server->was_heard_since(candidate.last.time)) {
    candidate.server->renew_tcp(candidate.last.time, now);
  }
  if (candidate.last.transport == Transport::kUdp) {
    candidate.failed = candidate.last;
  }
  candidate.own_case = true;
  candidate.without_edns |= candidate.attempts + 1 >= kMostAttempts ||
                            !candidate.server->health().took_edns();
  if (candidate.attempts >= kMostAttempts)
    candidate.transport = Transport::kTcp;
  ask(candidate, now);
}

// A refusal that took long is hardly caused by the query's form, and leaves no
// time to try another form.
Fetch::Candidate* Fetch::worth_asking_plainer(TimePoint now) {
  if (now - started_ >= kClientPatience) return nullptr;
  const auto found = std::find_if(
      candidates_.begin(), candidates_.end(), [](const Candidate& c) {
        return c.state == State::kRefused && c.can_be_plainer;
      });
  return found == candidates_.end() ? nullptr : &*found;
}

bool Fetch::all_are_loops() const {
  return purpose_ == Purpose::kClients &&
         std::all_of(candidates_.begin(), candidates_.end(),
                     [](const Candidate& c) { return c.server->is_loop(); });
}

void Fetch::count_late(TimePoint now) {
  if (purpose_ == Purpose::kLoopCheck) return;
  Candidate& candidate = candidates_[last_];
  if (candidate.state != State::kWaiting || candidate.counted_late) return;
  candidate.counted_late = true;
  if (purpose_ == Purpose::kHealthCheck) {
    return candidate.server->health().note_check_failed(
        now, UpstreamHealth::Failure::kSilence);
  }
  candidate.was_lost = true;
  candidate.server->note_late(now);
  if (candidate.transport == Transport::kTcp && !candidate.has_truncated) {
    give_up_tcp(candidate, now);
  }
}

void Fetch::give_up_tcp(Candidate& candidate, TimePoint now) {
  candidate.transport = candidate.server->first_transport();
  if (!candidate.is_disputed) return;
  candidate.own_case = true;
  candidate.server->health().note_case_not_taken(now);
}

bool Fetch::waits_for_tcp(Candidate& candidate, TimePoint now) {
  if (candidate.state != State::kWaiting) return false;
  if (candidate.tcp_attempts < kMostTcpAttempts) {
    candidate.server->renew_tcp(candidate.last.time, now);
    ask(candidate, now);
    return true;
  }
  if (now - started_ < kClientPatience) return true;
  candidate.state = State::kFailed;
  return false;
}

void Fetch::finish(TimePoint now) { finish_with(std::move(in_hand_), now); }

void Fetch::finish_with(std::optional<UpstreamAnswer> answer, TimePoint now) {
  is_finished_ = true;
  Outcome outcome;
  if (answer && !is_refusal(answer->rcode)) {
    count_losses(now);
  } else {
    outcome.failure = failure_text(now);
  }
  outcome.answer = std::move(answer);
  outcome.waited = now - started_;
  finished_(*this, outcome);
}

void Fetch::count_losses(TimePoint now) {
  for (const Candidate& candidate : candidates_) {
    if (candidate.state == State::kRefused) {
      candidate.server->note_worse_refusal(now, candidate.refusal);
    } else if (candidate.was_lost) {
      candidate.server->note_loss();
    }
  }
}

std::string Fetch::failure_text(TimePoint now) const {
  const auto waited =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - started_);
  std::string text;
  for (const Candidate& candidate : candidates_) {
    text += upstream_name(candidate.server->endpoint(), candidate.number,
                          configured_) +
            ' ';
    if (candidate.server->is_loop()) {
      text += "forwards back to this server (a loop)";
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
