// The half of a QueryHandler that begins where the zones end: what upstreams
// answer, or fail to.
#include <array>
#include <optional>

#include "cache/ttl_rules.h"
#include "server/bailiwick.h"
#include "server/forward_question.h"
#include "server/pending_question.h"
#include "server/query_handler.h"

namespace canopy {
namespace {

// The upstreams could not say.
bool is_failure(Rcode rcode) {
  return rcode != Rcode::kNoError && rcode != Rcode::kNxDomain;
}

}  // namespace

std::unique_ptr<QueryHandler::Pending> QueryHandler::pending(
    const Query& query, const CacheKey& key, const Reply& reply) {
  return std::make_unique<Pending>(*this, query, key, reply);
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
  auto waiting = pending(query, key, nobody);
  waiting->is_answered = true;
  forward(std::move(waiting));
}

void QueryHandler::finish(Pending& pending, const ForwardOutcome& outcome) {
  if (outcome.is_late) {
    answer_stale(pending, outcome.failure);
    return;
  }
  const Query& asked = pending.asked();
  bool answered = is_answer_to(ForwardQuestion(asked), outcome.message) &&
                  index_.read(outcome.message);
  std::optional<Bailiwick> bailiwick;
  if (answered) {
    bailiwick.emplace(asked, index_.answer());
    answered = bailiwick->holds_any();
  }
  if (answered) cut_what_was_not_asked(asked, *bailiwick);
  const ExtendedError error{
      outcome.is_shed ? InfoCode::kOther : InfoCode::kNoReachableAuthority,
      outcome.failure.empty() ? "an upstream's answer was malformed"
                              : outcome.failure};
  const bool failed = !answered || is_failure(index_.rcode());
  if (failed && answer_stale(pending, error.text)) return;
  EncodedAnswer encoded;
  if (pending.chain || (answered && !bailiwick->holds_all())) {
    encoded = joined(pending, answered ? &*bailiwick : nullptr);
  } else if (answered) {
    encoded = index_.answer();
  } else {
    encoded = empty_answer(pending.query, Rcode::kServFail, flag::kRa, writer_);
  }
  if (!failed) {
    keep(pending, encoded);
  } else if (!outcome.is_shed) {
    remember_failure(pending, encoded, outcome, error.text);
  }
  if (pending.is_answered) return;
  ReplyForm form;
  ExtendedError told;
  if (!answered || !outcome.failure.empty()) {
    told = told_to(pending.reply, error);
    form.error = &told;
  }
  send(encoded, pending.query, pending.reply, form);
}

// RFC 8767: what was true a while ago, for what a zone of ours has no part in,
// or a part that still holds.
bool QueryHandler::answer_stale(Pending& pending, const std::string& why) {
  if (pending.is_answered) return true;
  const TimePoint now = pending.reply.received;
  if (!cache_.find_stale(pending.key, now, stored_)) return false;
  if (stored_.upstreams != pending.upstreams) return false;
  if (stored_.depends_on_zone()) {
    const ZoneSet& zones = zones_.current();
    if (!zone_still_says_so(pending.query, zones, pending.reply)) return false;
    stored_.serial = zones.serial();
  }
  stored_.set_ttls(kStaleTtl);
  stored_.set_error({InfoCode::kStaleAnswer, why});
  stored_.stored = now;
  stored_.expires = now + kStaleRecheck;
  stored_.refresh = TimePoint::max();
  cache_.insert(pending.key, stored_);
  pending.is_answered = true;
  send_with_error(pending.query, pending.reply, {});
  return true;
}

// Additional records are a courtesy, and so are the servers of the zone beside
// an answer: clients may ask, and be told by who is asked.  Proofs are for
// those who check them.
void QueryHandler::cut_what_was_not_asked(const Query& asked,
                                          const Bailiwick& bailiwick) {
  if (index_.rcode() == Rcode::kNoError && bailiwick.has_answer() &&
      !asked.dnssec_ok()) {
    return index_.cut_before(Section::kAuthority);
  }
  index_.cut_before(bailiwick.holds_authority(index_.answer())
                        ? Section::kAdditional
                        : Section::kAuthority);
}

// The zone's CNAMEs, if any, and what an upstream says of the name they lead
// to, with the rcode of the last name (RFC 6604); of that, what `bailiwick`
// holds.  Null: it did not answer.
EncodedAnswer QueryHandler::joined(const Pending& pending,
                                   const Bailiwick* bailiwick) {
  writer_.start(pending.query);
  // The writer knows a run of records of one owner by the owner's address.
  std::array<Name, 2> owners;
  std::size_t owner = 0;
  const auto copy_sections = [&](std::span<const std::uint8_t> from,
                                 const Bailiwick* held) {
    MessageReader reader(from);
    if (!reader.question()) return;
    const unsigned answers = reader.answer_count();
    const unsigned all = answers + (held ? reader.authority_count() : 0U);
    for (unsigned i = 0; i < all; ++i) {
      const auto record = reader.record();
      if (!record) return;
      const bool is_answer = i < answers;
      if (held != nullptr && is_answer && !held->holds_answer(*record)) {
        continue;
      }
      const auto rdata = expanded_rdata(reader, *record, from);
      if (!rdata) continue;
      if (!(owners[owner] == record->owner)) {
        owner = 1 - owner;
        owners[owner] = record->owner;
      }
      writer_.add(is_answer ? Section::kAnswer : Section::kAuthority,
                  owners[owner], record->type, record->ttl, *rdata);
    }
  };
  std::uint16_t flags = flag::kRa;
  if (pending.chain) {
    flags |= flag::kAa;
    copy_sections(pending.chain->begun.answer().message, nullptr);
  }
  if (bailiwick == nullptr) return writer_.finish(Rcode::kServFail, flags);
  copy_sections(index_.answer().message, bailiwick);
  flags |= static_cast<std::uint16_t>(index_.flags() & flag::kTc);
  return writer_.finish(index_.rcode(), flags);
}

void QueryHandler::keep(const Pending& pending, const EncodedAnswer& answer) {
  const auto lifetime = time_to_keep(index_);
  if (!lifetime) return;
  stored_.origin = pending.origin;
  stored_.serial = pending.serial;
  stored_.upstreams = pending.upstreams;
  // TTLs count from the question: the answer is no younger than that.
  stored_.stored = pending.reply.received;
  stored_.expires = stored_.stored + *lifetime;
  const bool positive =
      index_.rcode() == Rcode::kNoError && index_.has_answer();
  stored_.usable_until =
      stored_.expires + (positive ? kMaxStale : kMaxNegativeStale);
  const auto last_part = refresh_before_end(*lifetime);
  stored_.refresh = last_part && !stored_.depends_on_zone()
                        ? stored_.expires - *last_part
                        : TimePoint::max();
  // What the zone said does not age.
  EncodedAnswer ageing = answer;
  if (pending.chain) {
    ageing.ttl_offsets = answer.ttl_offsets.subspan(
        pending.chain->begun.answer().ttl_offsets.size());
  }
  stored_.assign(ageing);
  cache_.insert(pending.key, stored_);
}

void QueryHandler::remember_failure(const Pending& pending,
                                    const EncodedAnswer& answer,
                                    const ForwardOutcome& outcome,
                                    const std::string& why) {
  stored_.origin = pending.origin;
  stored_.serial = pending.serial;
  stored_.upstreams = pending.upstreams;
  stored_.stored = pending.reply.received;
  // Counted from the failure: a slow one would be forgotten when it comes.
  stored_.expires = stored_.stored + outcome.waited + kFailureLifetime;
  stored_.usable_until = TimePoint();  // never stale: others wait for it too
  stored_.refresh = TimePoint::max();
  stored_.assign(answer);
  stored_.set_error({InfoCode::kCachedError, why});
  cache_.insert(pending.key, stored_);
}

}  // namespace canopy
