// The half of a QueryHandler that begins where the zones end: what upstreams
// answer, or fail to.
#include <algorithm>
#include <utility>

#include "cache/ttl_rules.h"
#include "server/pending_question.h"
#include "server/query_handler.h"
#include "server/record_copier.h"

namespace canopy {
namespace {

// The upstreams could not say, or not yet.
bool is_failure(const ForwardOutcome& outcome) {
  return !outcome.answer || (outcome.answer->rcode != Rcode::kNoError &&
                             outcome.answer->rcode != Rcode::kNxDomain);
}

// In extended errors, by the upstream whose answer this is.
std::vector<ExtendedError> said_by(const ForwardOutcome& outcome) {
  if (!outcome.answer) return {};
  return outcome.answer->errors;
}

}  // namespace

std::unique_ptr<QueryHandler::Pending> QueryHandler::pending(
    const Query& query, const Reply& reply) {
  return std::make_unique<Pending>(*this, query, reply);
}

void QueryHandler::forward(std::unique_ptr<Pending> pending) {
  pending->upstreams = forwarder_.edition();
  const Query& asked = pending->asked();
  const Client client = client_of(pending->reply.peer.address);
  forwarder_.forward(asked, client, std::move(pending));
}

void QueryHandler::refresh_early(const Query& query, const CacheKey& key,
                                 const Reply& reply) {
  if (!cache_.take_refresh(key)) return;
  counters_.cache_prefetches.add();
  Reply nobody;
  nobody.received = reply.received;
  auto waiting = pending(query, nobody);
  waiting->is_answered = true;
  forward(std::move(waiting));
}

// Runs for each waiter, so it does only what differs between them.
void QueryHandler::finish(Pending& pending, const SharedOutcome& outcome) {
  if (pending.is_answered && is_failure(*outcome)) return;
  conclude(pending, outcome);
  if (pending.is_answered || conclusion_.told == Conclusion::Told::kNothing) {
    return;
  }
  if (conclusion_.told == Conclusion::Told::kStale) {
    counters_.cache_stale.add();
    pending.is_answered = true;
  }
  ReplyForm form;
  ExtendedError told;
  if (conclusion_.error) {
    told = told_to(pending.reply, *conclusion_.error);
    form.error = &told;
  }
  send(conclusion_.answer, pending.query, pending.reply, form);
}

void QueryHandler::conclude(const Pending& pending,
                            const SharedOutcome& outcome) {
  Conclusion::Of of{outcome, pending.key(), pending.serial, pending.upstreams};
  // A shed outcome is shared by questions of different times.
  if (!outcome->is_shed && conclusion_.of == of) return;
  conclusion_.of = std::move(of);
  conclusion_.told = Conclusion::Told::kNothing;
  conclusion_.error.reset();
  if (is_failure(*outcome) && conclude_stale(pending, *outcome)) return;
  if (!outcome->is_late) conclude_fresh(pending, *outcome);
}

void QueryHandler::conclude_fresh(const Pending& pending,
                                  const ForwardOutcome& outcome) {
  const UpstreamAnswer* const from =
      outcome.answer ? &*outcome.answer : nullptr;
  EncodedAnswer& answer = conclusion_.answer;
  if (from != nullptr && !pending.chain) {
    answer = from->encoded();
  } else {
    conclusion_.octets.assign(pending.chain ? joined(pending, from)
                                            : empty_answer(pending.query,
                                                           Rcode::kServFail,
                                                           flag::kRa, writer_));
    answer = conclusion_.octets.answer();
  }
  conclusion_.told = Conclusion::Told::kFresh;
  if (!is_failure(outcome)) {
    keep(pending, *from, answer);
  } else if (!outcome.is_shed) {
    remember_failure(pending, answer, outcome);
  }
  if (!outcome.failure.empty()) {
    conclusion_.error = ExtendedError{
        outcome.is_shed ? InfoCode::kOther : InfoCode::kNoReachableAuthority,
        outcome.failure, said_by(outcome)};
  } else if (from != nullptr && !from->errors.empty()) {
    conclusion_.error =
        ExtendedError{.text = {}, .theirs = from->errors, .is_ours = false};
  }
}

// RFC 8767.  An expired answer that a zone had a part in is served if that part
// still holds.
bool QueryHandler::conclude_stale(const Pending& pending,
                                  const ForwardOutcome& outcome) {
  const CacheKey& key = conclusion_.of->key;
  const TimePoint now = pending.reply.received;
  if (!cache_.find_stale(key, now, stored_)) return false;
  if (stored_.upstreams != pending.upstreams) return false;
  if (stored_.depends_on_zone()) {
    const ZoneSet& zones = zones_.current();
    if (!zone_still_says_so(pending.query, zones, pending.reply)) return false;
    stored_.serial = zones.serial();
  }
  stored_.set_ttls(kStaleTtl);
  stored_.set_error(
      {InfoCode::kStaleAnswer, outcome.failure, said_by(outcome)});
  stored_.stored = now;
  stored_.expires = now + kStaleRecheck;
  stored_.refresh = TimePoint::max();
  cache_.insert(key, stored_);
  std::swap(stored_, conclusion_.octets);
  conclusion_.told = Conclusion::Told::kStale;
  conclusion_.answer = conclusion_.octets.answer();
  conclusion_.error = conclusion_.octets.error();
  return true;
}

// The zone's CNAMEs followed by the upstream's answer for their target, with
// the rcode of the last name (RFC 6604).  Null: no answer came.
EncodedAnswer QueryHandler::joined(const Pending& pending,
                                   const UpstreamAnswer* answer) {
  writer_.start(pending.query);
  RecordCopier copier(writer_);
  // The zone's answer section is its CNAMEs.
  const EncodedAnswer begun = pending.chain->begun.answer();
  const auto links = std::ranges::find_if(begun.rrsets, [](const auto& rrset) {
    return rrset.section != Section::kAnswer;
  });
  copier.copy(begun.message, begun.rrsets.first(static_cast<std::size_t>(
                                 links - begun.rrsets.begin())));
  std::uint16_t flags = flag::kRa | flag::kAa;
  if (answer == nullptr) return writer_.finish(Rcode::kServFail, flags);
  const EncodedAnswer rest = answer->encoded();
  copier.copy(rest.message, rest.rrsets);
  if (answer->is_truncated || writer_.is_cut()) flags |= flag::kTc;
  return writer_.finish(answer->rcode, flags);
}

void QueryHandler::keep(const Pending& pending, const UpstreamAnswer& from,
                        const EncodedAnswer& answer) {
  const bool is_part = (answer.message[2] & flag::kTc >> 8) != 0;
  if (!from.lifetime || is_part) return;
  const std::chrono::seconds lifetime = *from.lifetime;
  stored_.origin = pending.origin;
  stored_.serial = pending.serial;
  stored_.upstreams = pending.upstreams;
  // TTLs count from the question: the answer is no younger than that.
  stored_.stored = pending.reply.received;
  stored_.expires = stored_.stored + lifetime;
  stored_.usable_until =
      stored_.expires + (from.is_positive ? kMaxStale : kMaxNegativeStale);
  const auto last_part = refresh_before_end(lifetime);
  stored_.refresh = last_part && !stored_.depends_on_zone()
                        ? stored_.expires - *last_part
                        : TimePoint::max();
  // The TTLs of the zone's own records do not age.
  EncodedAnswer ageing = answer;
  if (pending.chain) {
    ageing.ttl_offsets = answer.ttl_offsets.subspan(
        pending.chain->begun.answer().ttl_offsets.size());
  }
  stored_.assign(ageing);
  if (!from.errors.empty()) {
    stored_.set_error({.text = {}, .theirs = from.errors, .is_ours = false});
  }
  cache_.insert(conclusion_.of->key, stored_);
}

void QueryHandler::remember_failure(const Pending& pending,
                                    const EncodedAnswer& answer,
                                    const ForwardOutcome& outcome) {
  stored_.origin = pending.origin;
  stored_.serial = pending.serial;
  stored_.upstreams = pending.upstreams;
  stored_.stored = pending.reply.received;
  // Counted from the failure: a slow one would be forgotten when it comes.
  stored_.expires = stored_.stored + outcome.waited + kFailureLifetime;
  stored_.usable_until = TimePoint();  // never stale: others wait for it too
  stored_.refresh = TimePoint::max();
  stored_.assign(answer);
  stored_.set_error(
      {InfoCode::kCachedError, outcome.failure, said_by(outcome)});
  cache_.insert(conclusion_.of->key, stored_);
}

}  // namespace canopy
