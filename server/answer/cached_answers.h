// Finds and keeps answers in the cache.  Each worker has one CachedAnswers,
// used on its thread; all workers share the AnswerCache.
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

  // Null when the cache has no answer that is still valid.
  const Said* find(const Resolution& resolution);
  // True when the answer that find() just returned is popular and expires soon.
  // Only one of the clients that ask gets true; that client's query is then
  // fetched again before the answer expires.
  bool is_to_be_refreshed(const Resolution& resolution) {
    return resolution.arrival.received >= stored_.facts().refresh &&
           takes_refresh(resolution.key);
  }
  // Caches a zone's answer.
  void keep(const Resolution& resolution, const EncodedAnswer& answer);

 private:
  // Decides whether the outdated answer in `stored_` may still be served.
  bool holds_still(const Resolution& resolution);
  bool takes_refresh(const CacheKey& key);
  void add_error(const Resolution& resolution);

  AnswerCache& cache_;
  ZoneAnswers& zones_;
  QueryCounters& counters_;
  const UpstreamNaming& naming_;

  // Buffers, reused for each query.
  StoredAnswer stored_;
  Said said_;
  ExtendedError error_;
};

}  // namespace canopy
