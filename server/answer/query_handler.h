// The life of a query.  Each step is called in turn and returns its answer;
// only this class sends.  Each worker has one, used on that worker's thread.
// Never blocks or throws.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cache/answer_cache.h"
#include "server/answer/answer_turner.h"
#include "server/answer/cached_answers.h"
#include "server/answer/own_answers.h"
#include "server/answer/reply_writer.h"
#include "server/answer/rotation.h"
#include "server/answer/said.h"
#include "server/answer/template_answers.h"
#include "server/answer/upstream_answers.h"
#include "server/answer/zone_answers.h"
#include "server/forward/forwarder.h"
#include "server/limits/client_rates.h"
#include "server/listen/reply.h"
#include "server/observe/answer_observer.h"
#include "server/observe/query_counters.h"
#include "server/plan/plan_store.h"
#include "server/plan/upstream_text.h"
#include "zones/message_reader.h"
#include "zones/zone_store.h"

namespace canopy {

struct HandlerOptions {
  std::string version;   // the answer to version.bind
  std::string hostname;  // the answer to hostname.bind
  bool log_queries = false;
  // True while the cluster's zones come from a snapshot.  Null: they never do.
  const std::atomic<bool>* stale = nullptr;
  // The rate limit for clients; null: no limit.
  ClientRates* rates = nullptr;
  // How error texts name upstreams.
  UpstreamNaming upstream_naming{};
};

class QueryHandler final : public MessageHandler {
 public:
  QueryHandler(ZoneStore& zones, const PlanStore& plans, AnswerCache& cache,
               Forwarder& forwarder, QueryCounters& counters,
               HandlerOptions options);

  void handle(std::span<const std::uint8_t> message,
              const Reply& reply) override;
  void end_batch(TimePoint received) override { observer_.end_batch(received); }

  void refresh() override {
    zones_.current();
    plans_.current();
  }

 private:
  // A query that waits for an upstream.
  struct Waiting;

  void take(std::span<const std::uint8_t> message, const Reply& reply);
  // The answer from templates or zones.
  ZoneAnswers::Found find(const Resolution& resolution);
  // Applies the block's rewrite rules.  `plan` is the one of `resolution`.
  void take_rewritten(const Resolution& resolution, const Plan& plan,
                      const Reply& reply);
  void answer(const Resolution& resolution, const Reply& reply);
  bool is_admitted(const Arrival& arrival);
  void turn_away(const Query& query, const Listener& listener,
                 const Reply& reply);
  // Asks upstreams for the part that `found` leaves open.
  void pause(const Resolution& resolution, const ZoneAnswers::Found& found,
             const Reply& reply);
  void resume(Waiting& waiting, const SharedOutcome& outcome);
  void refetch(const Resolution& resolution);

  const Block& block_for(const Query& query, const Reply& reply) {
    const std::size_t number = reply.listener.number;
    return plans_.current().numbered(number).block_for(query.qname);
  }
  void send(const Said& said, const Resolution& resolution, const Reply& reply);
  void send(const Said& said, const Query& query, const Reply& reply);
  void refuse(std::span<const std::uint8_t> message, const Refusal& refusal,
              const Reply& reply);

  ZoneStore::Reader zones_;
  PlanStore::Reader plans_;
  QueryCounters& counters_;
  ClientRates* const rates_;
  const UpstreamNaming upstream_naming_;

  AnswerObserver observer_;
  OwnAnswers own_answers_;
  TemplateAnswers template_answers_;
  ZoneAnswers zone_answers_;
  CachedAnswers cached_answers_;
  UpstreamAnswers upstream_answers_;
  AnswerTurner answer_turner_;
  ReplyWriter reply_writer_;
  Rotation rotation_;
};

}  // namespace canopy
