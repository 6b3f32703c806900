#include "server/query_handler.h"

#include <algorithm>
#include <optional>

#include "healthz/log.h"
#include "server/endless_chain.h"
#include "server/pending_question.h"
#include "server/staleness.h"

namespace canopy {
namespace {

TypeClass type_class(RrType type) {
  switch (type) {
    case RrType::kA:
      return TypeClass::kA;
    case RrType::kAaaa:
      return TypeClass::kAaaa;
    case RrType::kSrv:
      return TypeClass::kSrv;
    case RrType::kPtr:
      return TypeClass::kPtr;
    case RrType::kCname:
      return TypeClass::kCname;
    case RrType::kTxt:
      return TypeClass::kTxt;
    case RrType::kSoa:
      return TypeClass::kSoa;
    case RrType::kNs:
      return TypeClass::kNs;
    case RrType::kAny:
      return TypeClass::kAny;
    default:
      return TypeClass::kOther;
  }
}

RcodeClass rcode_class(std::uint16_t rcode) {
  if (rcode <= 5) return RcodeClass{static_cast<std::uint8_t>(rcode)};
  if (rcode == static_cast<std::uint16_t>(Rcode::kBadVers)) {
    return RcodeClass::kBadVers;
  }
  return RcodeClass::kOther;
}

bool is_transfer(RrType type) {
  return type == RrType::kAxfr || type == RrType::kIxfr;
}

std::uint16_t flags_of(const EncodedAnswer& answer) {
  return static_cast<std::uint16_t>(answer.message[2] << 8 | answer.message[3]);
}

// Seconds between two times; none when clocks of two batches crossed.
std::uint32_t seconds_since(TimePoint then, TimePoint now) {
  if (now < then) return 0;
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now - then).count());
}

}  // namespace

QueryHandler::QueryHandler(ZoneStore& zones, AnswerCache& cache,
                           Forwarder& forwarder, QueryCounters& counters,
                           HandlerOptions options)
    : zones_(zones),
      cache_(cache),
      forwarder_(forwarder),
      counters_(counters),
      options_(std::move(options)),
      rotation_(std::random_device{}()) {}

void QueryHandler::handle(std::span<const std::uint8_t> message,
                          const Reply& reply) {
  handling_ = true;
  take(message, reply);
  handling_ = false;
}

void QueryHandler::end_batch(TimePoint received) {
  for (const Tier tier : {Tier::kCache, Tier::kZone}) {
    const std::uint64_t answers =
        std::exchange(in_batch_[std::size_t(tier)], 0);
    if (answers > 0) count_duration(tier, received, answers);
  }
}

void QueryHandler::take(std::span<const std::uint8_t> message,
                        const Reply& reply) {
  const Result<Query, Refusal> query = decode_query(message);
  if (!query) return refuse(message, query.error(), reply);

  counters_
      .queries[std::size_t(reply.tier)][std::size_t(reply.transport)]
              [std::size_t(type_class(query->qtype))]
      .add();
  if (!is_admitted(reply)) return turn_away(*query, reply);
  if (query->edns && query->edns->version != 0) {
    return send_rcode(Rcode::kBadVers, *query, reply);  // RFC 6891 6.1.3
  }
  if (query->qclass == RrClass::kCh) return answer_chaos(*query, reply);
  if (query->qclass != RrClass::kIn || is_transfer(query->qtype)) {
    return send_rcode(Rcode::kRefused, *query, reply);
  }
  answer(*query, reply);
}

bool QueryHandler::is_admitted(const Reply& reply) {
  return options_.rates == nullptr ||
         options_.rates->admits(client_of(reply.peer.address), reply.received);
}

// Over UDP the source may be spoofed: an empty answer with TC, no longer than
// the query, makes the client retry over TCP, where it gets the reason.
void QueryHandler::turn_away(const Query& query, const Reply& reply) {
  counters_.turned_away.add();
  if (reply.transport == Transport::kUdp) {
    const auto flags = static_cast<std::uint16_t>(
        flag::kTc | (reply.tier == Tier::kCache ? flag::kRa : 0));
    return send(empty_answer(query, Rcode::kNoError, flags, writer_), query,
                reply);
  }
  static const ExtendedError error{InfoCode::kOther,
                                   "this client exceeds --client-qps"};
  send_rcode(Rcode::kRefused, query, reply, &error);
}

void QueryHandler::answer(const Query& query, const Reply& reply) {
  const ZoneSet& zones = zones_.current();
  const CacheKey key(query);
  if (reply.tier == Tier::kCache &&
      answer_from_cache(query, key, zones, reply)) {
    return;
  }
  const Zone* const zone = zones.closest_to(query.qname);
  if (zone != nullptr && !is_in_stub_domain(*zone, query.qname, reply)) {
    return answer_from(*zone, zones, query, key, reply);
  }
  if (reply.tier == Tier::kZone) {
    return send_rcode(Rcode::kRefused, query, reply);
  }
  forward(pending(query, reply));
}

bool QueryHandler::answer_from_cache(const Query& query, const CacheKey& key,
                                     const ZoneSet& zones, const Reply& reply) {
  const AnswerCache::Found found =
      cache_.find(key, zones.serial(), reply.received, stored_);
  bool usable = found == AnswerCache::Found::kCurrent;
  if (found == AnswerCache::Found::kOutdated) {
    counters_.cache_outdated.add();
    usable = stored_.origin == StoredAnswer::Origin::kUpstreamBehindZone &&
             zone_still_says_so(query, zones, reply);
    if (usable) cache_.restamp(key, zones.serial());
  }
  // Also of a zone's answer: a stub domain may have taken its name.
  if (!usable || stored_.upstreams != forwarder_.edition()) {
    counters_.cache_misses.add();
    return false;
  }
  counters_.cache_hits.add();
  ReplyForm form;
  if (stored_.origin == StoredAnswer::Origin::kZone) {
    form.error = staleness_of(query, zones, Rcode::kNoError);
    send(stored_.answer(), query, reply, form);
    return true;
  }
  form.age = seconds_since(stored_.stored, reply.received);
  if (stored_.has_error()) {
    send_with_error(query, reply, form);
  } else {
    send(stored_.answer(), query, reply, form);
  }
  if (reply.received >= stored_.refresh) refresh_early(query, key, reply);
  return true;
}

// For a stale answer, a cached failure, or an upstream's extended errors.
void QueryHandler::send_with_error(const Query& query, const Reply& reply,
                                   ReplyForm form) {
  const ExtendedError error = told_to(reply, stored_.error());
  form.error = &error;
  if (error.is_ours) {
    (error.code == InfoCode::kStaleAnswer ? counters_.cache_stale
                                          : counters_.cache_failures)
        .add();
  }
  send(stored_.answer(), query, reply, form);
}

ExtendedError QueryHandler::told_to(const Reply& reply,
                                    ExtendedError error) const {
  // Only in our own text; an upstream's text has no names to replace.
  error.text = with_names(
      error.text, options_.upstream_naming.for_client(reply.peer.address));
  return error;
}

// An upstream completed an answer that a zone began.  Does the published zone
// still begin it the same way?
bool QueryHandler::zone_still_says_so(const Query& query, const ZoneSet& zones,
                                      const Reply& reply) {
  const Zone* zone = zones.closest_to(query.qname);
  if (zone == nullptr) return false;
  look_up(*zone, zones, query, reply);
  if (answer_.unfinished == nullptr) {
    return zone->falls_through() && !answer_.name_has_data;
  }
  const auto chain = encode_answer(query, answer_, 0, writer_)
                         .message.subspan(kHeaderSize + query.qname.size());
  const auto whole =
      stored_.answer().message.subspan(kHeaderSize + query.qname.size());
  return chain.size() < whole.size() &&
         std::ranges::equal(chain, whole.first(chain.size()));
}

bool QueryHandler::is_in_stub_domain(const Zone& zone, NameView name,
                                     const Reply& reply) {
  // A reverse tree has single names of its domain, and asks for the others.
  return reply.tier == Tier::kCache && !zone.falls_through() &&
         forwarder_.stub_domain_of(name).size() > zone.apex().size();
}

void QueryHandler::look_up(const Zone& zone, const ZoneSet& zones,
                           const Query& query, const Reply& reply) {
  answer_.clear();
  answer_.recursion_available = reply.tier == Tier::kCache;
  if (reply.transport == Transport::kUdp) {
    answer_.room = room_for_records(query, reply.transport);
  }
  zones.lookup(zone, query.qname, query.qtype, answer_);
  for (int link = 1; link <= answer_.chain_length; ++link) {
    const Name& target = answer_.names[static_cast<std::size_t>(link) - 1];
    if (target.view().is_subdomain_of(zone.apex()) &&
        is_in_stub_domain(zone, target, reply)) {
      return answer_.leave_after(link);
    }
  }
}

void QueryHandler::answer_from(const Zone& zone, const ZoneSet& zones,
                               const Query& query, const CacheKey& key,
                               const Reply& reply) {
  look_up(zone, zones, query, reply);
  if (is_for_upstream(zone, reply)) {
    auto waiting = pending(query, reply);
    waiting->set_behind_zone(zones.serial());
    return forward(std::move(waiting));
  }
  if (answer_.rcode == Rcode::kNxDomain && !zones.is_complete()) {
    static const ExtendedError not_ready{
        InfoCode::kNotReady, "the cluster's Services are not all loaded yet"};
    return send_rcode(Rcode::kServFail, query, reply, &not_ready);
  }

  const EncodedAnswer encoded =
      encode_answer(query, answer_, next_rotation(), writer_);
  if (writer_.is_cut()) {
    (reply.transport == Transport::kUdp ? counters_.truncated
                                        : counters_.oversized)
        .add();
  }
  stored_.origin = StoredAnswer::Origin::kZone;
  stored_.serial = zones.serial();
  stored_.upstreams = forwarder_.edition();
  if (answer_.unfinished != nullptr && reply.tier == Tier::kCache) {
    auto waiting = pending(query, reply);
    waiting->set_behind_zone(zones.serial());
    waiting->chain = std::make_unique<Pending::Chain>();
    waiting->chain->begun.assign(encoded);
    waiting->chain->target = query;
    waiting->chain->target.qname = Name(NameView(answer_.unfinished));
    return forward(std::move(waiting));
  }
  // Names that do not exist are not cached: there are endlessly many, and the
  // tree answers as fast as the cache.  Nor are partial answers: each client
  // gets a different part, and making one costs no more than sending it.
  if (reply.tier == Tier::kCache && answer_.rcode == Rcode::kNoError &&
      !writer_.is_cut()) {
    stored_.assign(encoded);
    cache_.insert(key, stored_);
  }
  ReplyForm form;
  form.error = staleness_of(query, zones, answer_.rcode);
  std::optional<ExtendedError> endless;
  if (answer_.rcode == Rcode::kServFail) {
    form.error = &endless.emplace(endless_chain(answer_));
  }
  send(encoded, query, reply, form);
}

const ExtendedError* QueryHandler::staleness_of(const Query& query,
                                                const ZoneSet& zones,
                                                Rcode rcode) const {
  if (options_.stale == nullptr ||
      !options_.stale->load(std::memory_order_relaxed)) {
    return nullptr;
  }
  const Zone* zone = zones.closest_to(query.qname);
  return zone == nullptr ? nullptr : staleness(*zone, query.qname, rcode);
}

// A reverse zone lacks most names; upstreams may have them.
bool QueryHandler::is_for_upstream(const Zone& zone, const Reply& reply) const {
  return zone.falls_through() && reply.tier == Tier::kCache &&
         !answer_.name_has_data && answer_.unfinished == nullptr;
}

// Class CH is how people ask who answers (RFC 4892).
void QueryHandler::answer_chaos(const Query& query, const Reply& reply) {
  static const Name version_bind = *Name::from_text("version.bind");
  static const Name version_server = *Name::from_text("version.server");
  static const Name hostname_bind = *Name::from_text("hostname.bind");
  static const Name id_server = *Name::from_text("id.server");
  const Name& name = query.qname;
  const bool version = name == version_bind || name == version_server;
  if (!version && !(name == hostname_bind || name == id_server)) {
    return send_rcode(Rcode::kRefused, query, reply);
  }
  writer_.start(query);
  if (query.qtype == RrType::kTxt || query.qtype == RrType::kAny) {
    const Record record =
        txt_record(name, 0, version ? options_.version : options_.hostname);
    writer_.add(Section::kAnswer, name, record.type, record.ttl, record.rdata);
  }
  send(writer_.finish(Rcode::kNoError, flag::kAa), query, reply);
}

// --- what goes out ----------------------------------------------------------

void QueryHandler::send(const EncodedAnswer& answer, const Query& query,
                        const Reply& reply, ReplyForm form) {
  form.transport = reply.transport;
  form.rotation = next_rotation();
  reply.send(reply_writer_.write(answer, query, form));
  if (reply_writer_.is_truncated()) counters_.truncated.add();
  const auto rcode = static_cast<std::uint16_t>((flags_of(answer) & 0xF) |
                                                form.extended_rcode);
  count_response(rcode, reply);
  if (options_.log_queries) {
    log_info("query {} {} {}", query.qname.to_text(), to_text(query.qtype),
             to_text(Rcode{rcode}));
  }
}

void QueryHandler::send_rcode(Rcode rcode, const Query& query,
                              const Reply& reply, const ExtendedError* error) {
  const bool recurses = reply.tier == Tier::kCache;
  const EncodedAnswer answer = empty_answer(
      query, rcode, recurses ? flag::kRa : std::uint16_t{0}, writer_);
  ReplyForm form;
  form.extended_rcode = static_cast<std::uint16_t>(rcode) & 0xFF0;
  form.error = error;
  send(answer, query, reply, form);
}

void QueryHandler::refuse(std::span<const std::uint8_t> message,
                          const Refusal& refusal, const Reply& reply) {
  if (refusal.drop) return counters_.dropped.add();
  if (refusal.rcode == Rcode::kFormErr) counters_.malformed.add();
  if (!is_admitted(reply)) {
    counters_.turned_away.add();
    return reply.sink->hang_up();
  }
  reply.send(reply_writer_.refuse(message, refusal.rcode));
  count_response(static_cast<std::uint16_t>(refusal.rcode), reply);
}

void QueryHandler::count_response(std::uint16_t rcode, const Reply& reply) {
  const auto tier = std::size_t(reply.tier);
  counters_
      .responses[tier][std::size_t(reply.transport)]
                [std::size_t(rcode_class(rcode))]
      .add();
  if (handling_) {
    ++in_batch_[tier];
  } else {
    count_duration(reply.tier, reply.received, 1);
  }
}

void QueryHandler::count_duration(Tier tier, TimePoint received,
                                  std::uint64_t answers) {
  const auto took = std::chrono::steady_clock::now() - received;
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket = std::ranges::lower_bound(kDurationBounds, seconds);
  const auto index = std::size_t(tier);
  counters_.durations[index][std::size_t(bucket - kDurationBounds.begin())].add(
      answers);
  counters_.duration_nanoseconds[index].add(
      static_cast<std::uint64_t>(took.count()) * answers);
}

}  // namespace canopy
