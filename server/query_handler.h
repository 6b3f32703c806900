// The life of a query: decode, cache, zones, forward, reply.  One a worker,
// used on that worker's thread.  Never blocks or throws; logs only when told
// to log queries.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>

#include "cache/answer_cache.h"
#include "server/client_rates.h"
#include "server/conclusion.h"
#include "server/forwarder.h"
#include "server/query_counters.h"
#include "server/reply.h"
#include "server/reply_writer.h"
#include "server/upstream_text.h"
#include "zones/answer.h"
#include "zones/message_reader.h"
#include "zones/message_writer.h"
#include "zones/time_point.h"
#include "zones/zone_store.h"

namespace canopy {

struct HandlerOptions {
  std::string version;   // what version.bind says
  std::string hostname;  // what hostname.bind says
  bool log_queries = false;
  // True while the cluster's zones come from a snapshot; null: never.
  const std::atomic<bool>* stale = nullptr;
  // The rate limit for clients; null: no limit.
  ClientRates* rates = nullptr;
  // How error texts name upstreams.
  UpstreamNaming upstream_naming{};
};

class QueryHandler final : public MessageHandler {
 public:
  QueryHandler(ZoneStore& zones, AnswerCache& cache, Forwarder& forwarder,
               QueryCounters& counters, HandlerOptions options);

  void handle(std::span<const std::uint8_t> message,
              const Reply& reply) override;
  void end_batch(TimePoint received) override;

  void refresh() override { zones_.current(); }

 private:
  // A question that waits for an upstream.
  struct Pending;

  void take(std::span<const std::uint8_t> message, const Reply& reply);
  bool is_admitted(const Reply& reply);
  void turn_away(const Query& query, const Reply& reply);
  void answer(const Query& query, const Reply& reply);
  bool answer_from_cache(const Query& query, const CacheKey& key,
                         const ZoneSet& zones, const Reply& reply);
  void send_with_error(const Query& query, const Reply& reply, ReplyForm form);
  // With upstreams named as this client may know them.
  ExtendedError told_to(const Reply& reply, ExtendedError error) const;
  bool zone_still_says_so(const Query& query, const ZoneSet& zones,
                          const Reply& reply);
  void answer_from(const Zone& zone, const ZoneSet& zones, const Query& query,
                   const CacheKey& key, const Reply& reply);
  // Null unless the zones come from an unconfirmed snapshot.
  const ExtendedError* staleness_of(const Query& query, const ZoneSet& zones,
                                    Rcode rcode) const;
  bool is_for_upstream(const Zone& zone, const Reply& reply) const;
  // Asks the zone, into answer_.
  void look_up(const Zone& zone, const ZoneSet& zones, const Query& query,
               const Reply& reply);
  // True when a stub domain inside the zone holds `name`: the longest match
  // wins, as in dnsmasq.
  bool is_in_stub_domain(const Zone& zone, NameView name, const Reply& reply);
  void answer_chaos(const Query& query, const Reply& reply);

  std::unique_ptr<Pending> pending(const Query& query, const Reply& reply);
  void forward(std::unique_ptr<Pending> pending);
  void finish(Pending& pending, const SharedOutcome& outcome);
  // A popular answer will expire soon: asks again while it lasts.
  void refresh_early(const Query& query, const CacheKey& key,
                     const Reply& reply);
  // Sets conclusion_, and puts into the cache what comes of it.
  void conclude(const Pending& pending, const SharedOutcome& outcome);
  void conclude_fresh(const Pending& pending, const ForwardOutcome& outcome);
  // False when there is no stale answer.
  bool conclude_stale(const Pending& pending, const ForwardOutcome& outcome);
  EncodedAnswer joined(const Pending& pending, const UpstreamAnswer* answer);
  void keep(const Pending& pending, const UpstreamAnswer& from,
            const EncodedAnswer& answer);
  // So that the same failure is not had again at once (RFC 9520).
  void remember_failure(const Pending& pending, const EncodedAnswer& answer,
                        const ForwardOutcome& outcome);

  void send(const EncodedAnswer& answer, const Query& query, const Reply& reply,
            ReplyForm form = {});
  void send_rcode(Rcode rcode, const Query& query, const Reply& reply,
                  const ExtendedError* error = nullptr);
  void refuse(std::span<const std::uint8_t> message, const Refusal& refusal,
              const Reply& reply);
  void count_response(std::uint16_t rcode, const Reply& reply);
  std::size_t next_rotation() { return rotation_() >> 33; }
  void count_duration(Tier tier, TimePoint received, std::uint64_t answers);

  ZoneStore::Reader zones_;
  AnswerCache& cache_;
  Forwarder& forwarder_;
  QueryCounters& counters_;
  const HandlerOptions options_;

  // Memory that serves every query.
  Answer answer_;
  MessageWriter writer_;
  ReplyWriter reply_writer_;
  StoredAnswer stored_;
  Conclusion conclusion_;
  // Knuth's MMIX; of its bits the high ones are good.
  std::linear_congruential_engine<std::uint64_t, 6364136223846793005,
                                  1442695040888963407, 0>
      rotation_;

  bool handling_ = false;
  // Answers since the last end_batch, by tier.
  std::array<std::uint64_t, kTiers> in_batch_{};
};

}  // namespace canopy
