// Asks the upstreams, turns each outcome into an answer, and caches it.  On one
// worker's thread.
#pragma once

#include <memory>
#include <optional>

#include "cache/answer_cache.h"
#include "server/answer/conclusion.h"
#include "server/answer/paused_question.h"
#include "server/answer/said.h"
#include "server/answer/zone_answers.h"
#include "server/forward/forwarder.h"
#include "server/observe/query_counters.h"
#include "server/plan/upstream_text.h"
#include "zones/message_writer.h"

namespace canopy {

class UpstreamAnswers {
 public:
  UpstreamAnswers(Forwarder& forwarder, AnswerCache& cache, ZoneAnswers& zones,
                  QueryCounters& counters, const UpstreamNaming& naming)
      : forwarder_(forwarder),
        cache_(cache),
        zones_(zones),
        counters_(counters),
        naming_(naming) {}

  // Calls `waiter` with the outcome, during this call or later.  `waiter` must
  // own `question`.
  void ask(const PausedQuestion& question,
           std::unique_ptr<Forwarder::Waiter> waiter);
  // Returns the client's answer for `outcome`, based on the zones and plan in
  // `now`.  Null: no answer is to be sent, or not yet.
  const Said* conclude(PausedQuestion& question, const SharedOutcome& outcome,
                       const Resolution& now);

 private:
  // Sets conclusion_ and updates the cache.
  void work_out(const PausedQuestion& question, const SharedOutcome& outcome,
                const Resolution& now);
  void work_out_fresh(const PausedQuestion& question,
                      const ForwardOutcome& outcome);
  // Returns false when there is no stale answer.
  bool work_out_stale(const PausedQuestion& question,
                      const ForwardOutcome& outcome, const Resolution& now);
  EncodedAnswer answer_of(const PausedQuestion& question,
                          const UpstreamAnswer* from);
  EncodedAnswer joined(const PausedQuestion::Chain& chain, const Query& asked,
                       const UpstreamAnswer* rest);
  // Puts the conclusion into the cache.
  void keep(const PausedQuestion& question, const ForwardOutcome& outcome,
            const CacheRules& rules);
  void clamp_ttls(const PausedQuestion& question, const TtlRange& range);
  static std::size_t own_ttls(const PausedQuestion& question);
  void keep_answer(const PausedQuestion& question, const UpstreamAnswer& from,
                   const TtlRange& range);
  void keep_failure(const PausedQuestion& question, const EncodedAnswer& answer,
                    const ForwardOutcome& outcome);

  Forwarder& forwarder_;
  AnswerCache& cache_;
  ZoneAnswers& zones_;
  QueryCounters& counters_;
  const UpstreamNaming& naming_;

  // Buffers, reused for each query.
  MessageWriter writer_;
  StoredAnswer stored_;
  Conclusion conclusion_;
  Said said_;
  ExtendedError error_;
};

}  // namespace canopy
