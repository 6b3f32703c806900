// Refusals, bad messages and failures of a Fetch's attempts.
#include "server/forward/fetch.h"
#include "server/forward/forward_timing.h"

namespace canopy {

bool dislikes_question(Rcode rcode) {
  return rcode == Rcode::kFormErr || rcode == Rcode::kNotImp;
}

bool is_refusal(Rcode rcode) {
  return rcode == Rcode::kServFail || rcode == Rcode::kRefused ||
         dislikes_question(rcode);
}

void Fetch::on_refusal(const Attempt& attempt, TimePoint now,
                       std::span<const std::uint8_t> message) {
  Candidate& candidate = candidates_[attempt.index];
  const Rcode rcode = rcode_of(message);
  candidate.server->note_refusal(now - attempt.time, now, rcode);
  if (is_finished_ || candidate.state == State::kRefused) return;
  candidate.refusal = is_refusal(rcode) ? rcode : Rcode::kServFail;
  auto answer = reader_.read(question_, message);
  hold(answer ? std::move(answer)
              : reader_.read(question_, response_without_records(
                                            question_, candidate.refusal, 0)));
  if (attempt.transport == Transport::kUdp) candidate.failed = attempt;
  candidate.state = State::kRefused;
  candidate.transport = candidate.server->first_transport();
  candidate.can_be_plainer = make_plainer(candidate, attempt, rcode);
  // RFC 6891 section 7.
  if (candidate.can_be_plainer && dislikes_question(rcode)) {
    return ask(attempt.index, now);
  }
  go_on(now);
}

bool Fetch::make_plainer(Candidate& candidate, const Attempt& attempt,
                         Rcode rcode) {
  if (purpose_ != Purpose::kClients) return false;
  const bool case_first =
      attempt.case_bits != 0 &&
      !(attempt.edns == WithEdns::kYes && dislikes_question(rcode));
  if (!case_first && attempt.edns == WithEdns::kNo) return false;
  candidate.own_case = true;
  candidate.without_edns |= !case_first;
  return true;
}

void Fetch::on_bad(const Attempt& attempt, TimePoint now, Bad bad) {
  Candidate& candidate = candidates_[attempt.index];
  candidate.server->note_bad_message();
  if (is_finished_) return;
  candidate.failure = bad == Bad::kMalformed ? "sent a malformed answer"
                                             : "answered another question";
  // Over TCP, the channel reports the failure next.  Over UDP, only the first
  // bad message of the last attempt causes another attempt.
  if (attempt.transport == Transport::kTcp) return;
  if (attempt.number != candidate.attempts ||
      candidate.state != State::kWaiting) {
    return;
  }
  candidate.state = State::kBad;
  if (!candidate.counted_late) {
    candidate.counted_late = candidate.was_lost = true;
    candidate.server->note_error(now, candidate.failure);
  }
  if (Candidate* const next = not_asked()) return ask(*next, now);
  if (purpose_ != Purpose::kClients || !candidate.was_up) return;
  // A malformed answer may be caused by EDNS.  The answer to another query may
  // be spoofed, which TCP prevents.
  const bool is_plainer = bad == Bad::kMalformed &&
                          make_plainer(candidate, attempt, Rcode::kFormErr);
  if (is_plainer && candidate.attempts < kMostAttempts) {
    candidate.failed = attempt;
    return ask(candidate, now);
  }
  if (candidate.tcp_attempts > 0) return;
  candidate.transport = Transport::kTcp;
  ask(candidate, now);
}

void Fetch::on_tcp_failure(const Attempt& attempt, TimePoint now) {
  Candidate& candidate = candidates_[attempt.index];
  // The attempt was given up before, or a newer one replaced it.
  if (candidate.transport != Transport::kTcp ||
      attempt.number != candidate.attempts) {
    return;
  }
  if (candidate.has_truncated) {
    if (candidate.tcp_attempts < kMostTcpAttempts) return ask(candidate, now);
    candidate.state = State::kFailed;
    return go_on(now);
  }
  give_up_tcp(candidate, now);
  if (candidate.is_disputed && candidate.attempts <= kMostAttempts) {
    return ask(candidate, now);
  }
  if (candidate.counted_late) candidate.state = State::kBad;
}

void Fetch::on_first_failure(const Attempt& attempt, TimePoint now,
                             UpstreamChannel::Failure failure) {
  Candidate& candidate = candidates_[attempt.index];
  // The upstream may have closed an idle connection as the query was sent.
  if (attempt.transport == Transport::kTcp &&
      failure == UpstreamChannel::Failure::kUnreachable &&
      candidate.tcp_attempts < kMostTcpAttempts) {
    return ask(candidate, now);
  }
  candidate.failure = failure == UpstreamChannel::Failure::kTimedOut
                          ? "timed out"
                          : "is unreachable";
  if (!candidate.counted_late) {
    candidate.counted_late = candidate.was_lost = true;
    candidate.server->note_error(now, candidate.failure);
  }
  candidate.state = State::kFailed;
  go_on(now);
}

}  // namespace canopy
