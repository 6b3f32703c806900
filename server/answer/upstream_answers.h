// What the upstreams say: asks them, works out what comes of an outcome, and
// keeps it.  On one worker's thread.
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

  // Calls `waiter` with the outcome, from inside this call or later.  `waiter`
  // owns `question`.
  void ask(const PausedQuestion& question,
           std::unique_ptr<Forwarder::Waiter> waiter);
  // The answer to the client that `outcome` leads to, by what is published
  // `now`.  Null: none, or not yet.
  const Said* conclude(PausedQuestion& question, const SharedOutcome& outcome,
                       const Resolution& now);

 private:
  // Sets conclusion_, and puts into the cache what comes of it.
  void work_out(const PausedQuestion& question, const SharedOutcome& outcome,
                const Resolution& now);
  void work_out_fresh(const PausedQuestion& question,
                      const ForwardOutcome& outcome);
  // False when there is no stale answer.
  bool work_out_stale(const PausedQuestion& question,
                      const ForwardOutcome& outcome, const Resolution& now);
  EncodedAnswer answer_of(const PausedQuestion& question,
                          const UpstreamAnswer* from);
  EncodedAnswer joined(const PausedQuestion::Chain& chain, const Query& asked,
                       const UpstreamAnswer* rest);
  void keep(const PausedQuestion& question, const UpstreamAnswer& from,
            const EncodedAnswer& answer);
  void remember_failure(const PausedQuestion& question,
                        const EncodedAnswer& answer,
                        const ForwardOutcome& outcome);

  Forwarder& forwarder_;
  AnswerCache& cache_;
  ZoneAnswers& zones_;
  QueryCounters& counters_;
  const UpstreamNaming& naming_;

  // Memory that serves every question.
  MessageWriter writer_;
  StoredAnswer stored_;
  Conclusion conclusion_;
  Said said_;
  ExtendedError error_;
};

}  // namespace canopy
