#include "server/answer/query_handler.h"

#include <utility>

#include "server/answer/paused_question.h"
#include "server/forward/recycled.h"
#include "server/net/client.h"
#include "zones/octets.h"

namespace canopy {
struct QueryHandler::Waiting final : public Forwarder::Waiter,
                                     public Recycled<Waiting> {
  Waiting(QueryHandler& asks, const Resolution& resolution, const Reply& to)
      : handler(asks), reply(to), question(resolution, reply) {
    if (resolution.rewritten == nullptr) return;
    rewritten = std::make_unique<const RewrittenQuery>(*resolution.rewritten);
  }

  void on_outcome(const SharedOutcome& outcome) override {
    handler.resume(*this, outcome);
  }

  QueryHandler& handler;
  const Reply reply;
  PausedQuestion question;
  std::unique_ptr<const RewrittenQuery> rewritten;  // null: no rule applied
};

QueryHandler::QueryHandler(ZoneStore& zones, const PlanStore& plans,
                           AnswerCache& cache, Forwarder& forwarder,
                           QueryCounters& counters, HandlerOptions options)
    : zones_(zones),
      plans_(plans),
      counters_(counters),
      rates_(options.rates),
      upstream_naming_(std::move(options.upstream_naming)),
      observer_(counters, options.log_queries),
      own_answers_(std::move(options.version), std::move(options.hostname)),
      template_answers_(counters),
      zone_answers_(counters, options.stale),
      cached_answers_(cache, zone_answers_, counters, upstream_naming_),
      upstream_answers_(forwarder, cache, zone_answers_, counters,
                        upstream_naming_) {}

void QueryHandler::handle(std::span<const std::uint8_t> message,
                          const Reply& reply) {
  observer_.begin_message();
  take(message, reply);
  observer_.end_message();
}

void QueryHandler::take(std::span<const std::uint8_t> message,
                        const Reply& reply) {
  const Result<Query, Refusal> query = decode_query(message);
  if (!query) return refuse(message, query.error(), reply);
  observer_.saw_question(query->qtype, reply);
  const Plan& plan = plans_.current();
  const Listener& listener = plan.listener(reply.listener.number);
  if (!is_admitted(reply)) return turn_away(*query, listener, reply);
  if (const Said* const own = own_answers_.find(*query, listener)) {
    return send(*own, *query, reply);
  }

  const Resolution resolution{*query, reply, listener, zones_.current(),
                              plans_.edition()};
  if (resolution.block.rewrites) {
    return take_rewritten(resolution, plan, reply);
  }
  answer(resolution, reply);
}

void QueryHandler::take_rewritten(const Resolution& resolution,
                                  const Plan& plan, const Reply& reply) {
  static const ExtendedError error{
      InfoCode::kOther, "a rewrite rule made a name that is not a domain name"};
  const SharedRewrites& rewrites = resolution.block.rewrites;
  const Query& query = resolution.looked_up;
  RewrittenQuery rewritten;
  switch (rewrite(query, rewrites, rewritten)) {
    case RewriteOutcome::kUnchanged:
      return answer(resolution, reply);
    case RewriteOutcome::kBadName:
      return send(own_answers_.rcode(Rcode::kServFail, query,
                                     resolution.listener, &error),
                  query, reply);
    case RewriteOutcome::kRewritten:
      break;
  }
  Reply to = reply;
  to.listener.number = rewrites.listener;
  Resolution inner{rewritten.looked_up, to, plan.numbered(rewrites.listener),
                   resolution.zones, resolution.editions.plan};
  inner.rewritten = &rewritten;
  answer(inner, to);
}

void QueryHandler::answer(const Resolution& resolution, const Reply& reply) {
  if (resolution.block.caches()) {
    if (const Said* const cached = cached_answers_.find(resolution)) {
      send(*cached, resolution, reply);
      if (cached_answers_.is_to_be_refreshed(resolution)) refetch(resolution);
      return;
    }
  }
  const ZoneAnswers::Found found = find(resolution);
  if (found.may_be_kept) cached_answers_.keep(resolution, found.said.answer);
  if (found.what == ZoneAnswers::Found::What::kAnswer) {
    return send(found.said, resolution, reply);
  }
  if (!resolution.block.forwards()) {
    return send(resolution.block.own.whoami
                    ? own_answers_.whoami(resolution.looked_up, reply)
                    : own_answers_.rcode(Rcode::kRefused, resolution.looked_up,
                                         resolution.listener),
                resolution, reply);
  }
  pause(resolution, found, reply);
}

ZoneAnswers::Found QueryHandler::find(const Resolution& resolution) {
  if (resolution.block.templates) {
    const ZoneAnswers::Found found = template_answers_.find(resolution);
    if (found.what != ZoneAnswers::Found::What::kNotOurs) return found;
  }
  return zone_answers_.find(resolution);
}

bool QueryHandler::is_admitted(const Arrival& arrival) {
  return rates_ == nullptr ||
         rates_->admits(client_of(arrival.peer.address), arrival.received);
}

// Over UDP the source may be spoofed: an empty answer with TC, no longer than
// the query, makes the client retry over TCP, where it gets the reason.
void QueryHandler::turn_away(const Query& query, const Listener& listener,
                             const Reply& reply) {
  static const ExtendedError error{InfoCode::kOther,
                                   "this client exceeds --client-qps"};
  counters_.turned_away.add();
  send(reply.transport == Transport::kUdp
           ? own_answers_.over_tcp(query, listener)
           : own_answers_.rcode(Rcode::kRefused, query, listener, &error),
       query, reply);
}

void QueryHandler::pause(const Resolution& resolution,
                         const ZoneAnswers::Found& found, const Reply& reply) {
  using What = ZoneAnswers::Found::What;
  auto waiting = std::make_unique<Waiting>(*this, resolution, reply);
  PausedQuestion& question = waiting->question;
  if (found.what != What::kNotOurs) {
    question.set_behind_zone(resolution.editions.zones);
  }
  if (found.what == What::kLeadsOut) {
    question.set_chain(found.said.answer, NameView(found.target));
  }
  upstream_answers_.ask(question, std::move(waiting));
}

void QueryHandler::resume(Waiting& waiting, const SharedOutcome& outcome) {
  PausedQuestion& question = waiting.question;
  const Reply& reply = waiting.reply;
  Resolution now{question.asked, reply,
                 plans_.current().numbered(reply.listener.number),
                 zones_.current(), plans_.edition()};
  now.rewritten = waiting.rewritten.get();
  const Said* const said = upstream_answers_.conclude(question, outcome, now);
  if (said != nullptr) send(*said, now, reply);
}

// Fetches a popular answer again before it expires.
void QueryHandler::refetch(const Resolution& resolution) {
  Reply nobody;
  nobody.listener = resolution.arrival.listener;
  nobody.received = resolution.arrival.received;
  auto waiting = std::make_unique<Waiting>(*this, resolution, nobody);
  PausedQuestion& question = waiting->question;
  question.is_answered = true;
  upstream_answers_.ask(question, std::move(waiting));
}

void QueryHandler::send(const Said& said, const Resolution& resolution,
                        const Reply& reply) {
  if (resolution.rewritten == nullptr) {
    return send(said, resolution.looked_up, reply);
  }
  send(answer_turner_.turn(said, *resolution.rewritten), resolution.asked(),
       reply);
}

void QueryHandler::send(const Said& said, const Query& query,
                        const Reply& reply) {
  ReplyForm form = said.form;
  form.transport = reply.transport;
  form.rotation = rotation_.next();
  if (query.edns && query.edns->asks_nsid) {
    form.nsid = block_for(query, reply).own.nsid;
  }
  reply.send(reply_writer_.write(said.answer, query, form));
  if (reply_writer_.is_truncated()) counters_.truncated.add();
  const auto rcode = static_cast<std::uint16_t>(
      (load16(said.answer.message, 2) & 0xF) | form.extended_rcode);
  observer_.saw_answer(query, rcode, reply);
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
  observer_.saw_refusal(refusal.rcode, reply);
}

}  // namespace canopy
