// What the cache has.  On one worker's thread; the cache is everybody's.
#pragma once

#include "cache/answer_cache.h"
#include "server/answer/resolution.h"
#include "server/answer/said.h"
#include "server/answer/zone_answers.h"
#include "server/observe/query_counters.h"
#include "server/plan/upstream_text.h"

namespace canopy {

class CachedAnswers {
 public:
  CachedAnswers(AnswerCache& cache, ZoneAnswers& zones, QueryCounters& counters,
                const UpstreamNaming& naming)
      : cache_(cache), zones_(zones), counters_(counters), naming_(naming) {}

  // Null when nothing that is current is kept.
  const Said* find(const Resolution& resolution);
  // The answer that was just found is popular and will expire soon.  True for
  // one of those who ask: to fetch it again while it lasts.
  bool is_to_be_refreshed(const Resolution& resolution) {
    return resolution.arrival.received >= stored_.facts().refresh &&
           takes_refresh(resolution.key);
  }
  // What a zone said.
  void keep(const Resolution& resolution, const EncodedAnswer& answer);

 private:
  // What was found is outdated.  False: it is of no use any more.
  bool holds_still(const Resolution& resolution);
  bool takes_refresh(const CacheKey& key);
  void add_error(const Resolution& resolution);

  AnswerCache& cache_;
  ZoneAnswers& zones_;
  QueryCounters& counters_;
  const UpstreamNaming& naming_;

  // Memory that serves every question.
  StoredAnswer stored_;
  Said said_;
  ExtendedError error_;
};

}  // namespace canopy
