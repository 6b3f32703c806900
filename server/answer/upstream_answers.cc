#include "server/answer/upstream_answers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/forward/record_copier.h"
#include "server/net/client.h"
#include "zones/octets.h"

namespace canopy {
namespace {

// True when the upstreams gave no usable answer, or none in time.
bool is_failure(const ForwardOutcome& outcome) {
  return !outcome.answer || (outcome.answer->rcode != Rcode::kNoError &&
                             outcome.answer->rcode != Rcode::kNxDomain);
}

// The extended errors of the upstream that answered.
std::vector<ExtendedError> said_by(const ForwardOutcome& outcome) {
  if (!outcome.answer) return {};
  return outcome.answer->errors;
}

std::optional<ExtendedError> error_of(const ForwardOutcome& outcome) {
  if (!outcome.failure.empty()) {
    return ExtendedError{
        outcome.is_shed ? InfoCode::kOther : InfoCode::kNoReachableAuthority,
        outcome.failure, said_by(outcome)};
  }
  if (!outcome.answer || outcome.answer->errors.empty()) return std::nullopt;
  return ExtendedError{
      .text = {}, .theirs = outcome.answer->errors, .is_ours = false};
}

}  // namespace

void UpstreamAnswers::ask(const PausedQuestion& question,
                          std::unique_ptr<Forwarder::Waiter> waiter) {
  const Arrival& arrival = question.arrival;
  forwarder_.forward(question.looked_up(), arrival.listener.number,
                     client_of(arrival.peer.address), std::move(waiter));
}

// Runs for each waiter, so it does only the work that differs between waiters.
const Said* UpstreamAnswers::conclude(PausedQuestion& question,
                                      const SharedOutcome& outcome,
                                      const Resolution& now) {
  if (question.is_answered && is_failure(*outcome)) return nullptr;
  work_out(question, outcome, now);
  if (question.is_answered || conclusion_.told == Conclusion::Told::kNothing) {
    return nullptr;
  }
  if (conclusion_.told == Conclusion::Told::kStale) {
    counters_.cache_stale.add();
    question.is_answered = true;
  }
  said_ = {.answer = conclusion_.answer};
  if (conclusion_.error) {
    error_ = naming_.told(*conclusion_.error, question.arrival.peer.address);
    said_.form.error = &error_;
  }
  return &said_;
}

void UpstreamAnswers::work_out(const PausedQuestion& question,
                               const SharedOutcome& outcome,
                               const Resolution& now) {
  Conclusion::Of of{outcome, now.key, question.provenance.made_from};
  // Queries received at different times share one shed outcome.
  if (!outcome->is_shed && conclusion_.of == of) return;
  conclusion_.of = std::move(of);
  conclusion_.told = Conclusion::Told::kNothing;
  conclusion_.error.reset();
  // An answer of the upstreams of an earlier plan is served, but not kept.
  const std::uint64_t plan = question.provenance.made_from.plan;
  const bool is_of_plan =
      outcome->plan.value_or(plan) == plan && now.editions.plan == plan;
  const bool caches = now.block.caches() && is_of_plan;
  if (caches && is_failure(*outcome) &&
      work_out_stale(question, *outcome, now)) {
    return;
  }
  if (outcome->is_late) return;
  work_out_fresh(question, *outcome);
  if (caches) keep(question, *outcome, *now.block.cache);
}

void UpstreamAnswers::work_out_fresh(const PausedQuestion& question,
                                     const ForwardOutcome& outcome) {
  const UpstreamAnswer* const from =
      outcome.answer ? &*outcome.answer : nullptr;
  conclusion_.told = Conclusion::Told::kFresh;
  conclusion_.answer = answer_of(question, from);
  conclusion_.error = error_of(outcome);
}

void UpstreamAnswers::keep(const PausedQuestion& question,
                           const ForwardOutcome& outcome,
                           const CacheRules& rules) {
  if (is_failure(outcome)) {
    if (!outcome.is_shed) keep_failure(question, conclusion_.answer, outcome);
    return;
  }
  const UpstreamAnswer& answer = *outcome.answer;
  const auto& range = answer.is_positive ? rules.positive : rules.negative;
  if (!range) return;
  clamp_ttls(question, *range);
  keep_answer(question, answer, *range);
}

// Changes the TTLs that the upstream gave, before the answer is sent and kept.
void UpstreamAnswers::clamp_ttls(const PausedQuestion& question,
                                 const TtlRange& range) {
  if (range == kAnyTtl) return;
  const std::size_t first = own_ttls(question);
  const auto in_range = [&](std::uint16_t at) {
    const std::uint32_t ttl = load32(conclusion_.answer.message, at);
    return ttl == range.clamp(ttl);
  };
  const auto theirs = conclusion_.answer.ttl_offsets.subspan(first);
  if (std::ranges::all_of(theirs, in_range)) return;
  if (!question.chain) conclusion_.octets.assign(conclusion_.answer);
  conclusion_.octets.clamp_ttls(first, range);
  conclusion_.answer = conclusion_.octets.answer();
}

// The number of TTLs, at the beginning, that a zone of ours gave.
std::size_t UpstreamAnswers::own_ttls(const PausedQuestion& question) {
  if (!question.chain) return 0;
  return question.chain->begun.answer().ttl_offsets.size();
}

EncodedAnswer UpstreamAnswers::answer_of(const PausedQuestion& question,
                                         const UpstreamAnswer* from) {
  if (from != nullptr && !question.chain) return from->encoded();
  conclusion_.octets.assign(
      question.chain
          ? joined(*question.chain, question.asked, from)
          : empty_answer(question.asked, Rcode::kServFail, flag::kRa, writer_));
  return conclusion_.octets.answer();
}

// RFC 8767.  If a zone took part in the expired answer, it is served only if
// the zone's part still holds.
bool UpstreamAnswers::work_out_stale(const PausedQuestion& question,
                                     const ForwardOutcome& outcome,
                                     const Resolution& now) {
  const TimePoint received = question.arrival.received;
  const Editions editions{now.editions.zones,
                          question.provenance.made_from.plan};
  const auto found = cache_.find(now.key, editions, received, stored_);
  if (found == AnswerCache::Found::kNo || !stored_.is_usable(received)) {
    return false;
  }
  if (stored_.facts().depends_on_zone() &&
      !zones_.still_begins(stored_.answer(), now)) {
    return false;
  }
  stored_.make_stale(now.editions.zones, received);
  stored_.set_error(
      {InfoCode::kStaleAnswer, outcome.failure, said_by(outcome)});
  cache_.insert(now.key, stored_);
  conclusion_.told = Conclusion::Told::kStale;
  conclusion_.error = stored_.error();
  std::swap(static_cast<AnswerCopy&>(stored_), conclusion_.octets);
  conclusion_.answer = conclusion_.octets.answer();
  return true;
}

// The zone's CNAMEs, followed by the upstream's answer for their target, with
// the rcode of the last name (RFC 6604).  `rest` is null when no answer came.
EncodedAnswer UpstreamAnswers::joined(const PausedQuestion::Chain& chain,
                                      const Query& asked,
                                      const UpstreamAnswer* rest) {
  writer_.start(asked);
  RecordCopier copier(writer_);
  // The zone's answer section holds only the CNAMEs.
  const EncodedAnswer begun = chain.begun.answer();
  const auto links = std::ranges::find_if(begun.rrsets, [](const auto& rrset) {
    return rrset.section != Section::kAnswer;
  });
  copier.copy(begun.message, begun.rrsets.first(static_cast<std::size_t>(
                                 links - begun.rrsets.begin())));
  std::uint16_t flags = flag::kRa | flag::kAa;
  if (rest == nullptr) return writer_.finish(Rcode::kServFail, flags);
  const EncodedAnswer encoded = rest->encoded();
  copier.copy(encoded.message, encoded.rrsets);
  if (rest->is_truncated || writer_.is_cut()) flags |= flag::kTc;
  return writer_.finish(rest->rcode, flags);
}

void UpstreamAnswers::keep_answer(const PausedQuestion& question,
                                  const UpstreamAnswer& from,
                                  const TtlRange& range) {
  const EncodedAnswer& answer = conclusion_.answer;
  const bool is_part = (load16(answer.message, 2) & flag::kTc) != 0;
  if (!from.lifetime || is_part) return;
  // The TTLs of the zone's own records do not age.
  EncodedAnswer ageing = answer;
  ageing.ttl_offsets = answer.ttl_offsets.subspan(own_ttls(question));
  const auto seconds = static_cast<std::uint32_t>(from.lifetime->count());
  stored_.make_of_upstream(ageing, question.provenance,
                           std::chrono::seconds(range.clamp(seconds)),
                           from.is_positive);
  if (!from.errors.empty()) {
    stored_.set_error({.text = {}, .theirs = from.errors, .is_ours = false});
  }
  cache_.insert(conclusion_.of->key, stored_);
}

void UpstreamAnswers::keep_failure(const PausedQuestion& question,
                                   const EncodedAnswer& answer,
                                   const ForwardOutcome& outcome) {
  stored_.make_failure(answer, question.provenance, outcome.waited);
  stored_.set_error(
      {InfoCode::kCachedError, outcome.failure, said_by(outcome)});
  cache_.insert(conclusion_.of->key, stored_);
}

}  // namespace canopy
