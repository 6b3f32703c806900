// Answers kept for a while, bounded in entries and octets.
//
// An answer carries the editions it was made from, and find() alone says
// whether it is current.  So publishing is the invalidation; nothing ever calls
// in here to forget.  An answer from an upstream lives by its TTL.  It stays
// behind that, as long as there is room, for the case that no upstream answers
// (RFC 8767).
//
// Segmented: a new answer enters a probation segment (a fifth of the entries)
// and moves up when it is asked for again, so a flood of names that are asked
// once pushes out others of its kind, not the popular ones.  Of these the one
// that was not asked for the longest moves down again, as a clock's hand finds
// it.
//
// An entry, its key and its octets are one block of memory, made before a lock
// is taken and freed after.
//
// Threads: any.  Sharded; a shard's lock is held to link one entry, now and
// then in a larger table, or to copy one answer out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cache/cache_key.h"
#include "cache/cache_limits.h"
#include "cache/stored_answer.h"
#include "zones/time_point.h"

namespace canopy {

class AnswerCache {
 public:
  explicit AnswerCache(const CacheLimits& limits);
  ~AnswerCache();
  AnswerCache(const AnswerCache&) = delete;
  AnswerCache& operator=(const AnswerCache&) = delete;

  enum class Found {
    kNo,
    kCurrent,
    // Made from other zones: not to be served unless the zone still says the
    // same.  A zone's own answer is gone, nothing is copied.
    kOutdated,
    // An upstream's answer that has expired, and is better than none.  A zone
    // may have had a part in it, and say something else now.
    kStale,
  };
  // Copies what is found into `answer`.  What was made by another plan than
  // that of `published` is not found.
  Found find(const CacheKey& key, const Editions& published, TimePoint now,
             StoredAnswer& answer);
  // True for one caller: the answer's time to be refreshed has come, and it
  // was asked for before now.
  bool take_refresh(const CacheKey& key);
  void insert(const CacheKey& key, const StoredAnswer& answer);
  // The answer stored under `key` holds for the published zone too.
  void restamp(const CacheKey& key, Serial published);

  struct Totals {
    std::size_t entries = 0;
    std::size_t octets = 0;
    std::uint64_t insertions = 0;
    std::uint64_t evictions = 0;  // by lack of room, not by age
  };
  Totals totals() const;

 private:
  class Entry;
  class Shard;
  Shard& shard_of(const CacheKey& key);

  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace canopy
