// A cache of answers, bounded in entries and octets.
//
// Each answer has the editions that it was made from, and find() alone decides
// whether the answer is current.  Therefore publishing invalidates the cache;
// no one calls the cache to remove an answer.  An upstream's answer expires by
// its TTL.  If there is room, the expired answer is kept as a stale answer in
// case no upstream responds (RFC 8767).
//
// Eviction is segmented.  A new answer enters the probation segment (a fifth of
// the entries) and moves to the protected segment when it is requested again.
// Therefore a flood of names that are requested once evicts other such names,
// not popular ones.  When the protected segment is full, an entry that was not
// used recently moves back to probation (the clock algorithm).
//
// An entry, its key and its octets are one block of memory, allocated before a
// lock is taken and freed after the lock is released.
//
// Threads: any.  The cache is sharded.  A shard's lock is held while one entry
// is linked (rarely, while the key table grows) or one answer is copied.
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
    // The answer was made from other zones.  It may be served only if the zone
    // still gives the same answer.  If the answer is a zone's own, the entry is
    // removed and nothing is copied.
    kOutdated,
    // An expired answer of an upstream that is still usable as a stale answer.
    // If a zone had a part in the answer, the zone may have changed.
    kStale,
  };
  // Copies the answer found into `answer`.  An answer that was made with
  // another plan than that of `published` is not found.
  Found find(const CacheKey& key, const Editions& published, TimePoint now,
             StoredAnswer& answer);
  // True for exactly one caller when the answer's refresh time has come and the
  // answer was requested before.
  bool take_refresh(const CacheKey& key);
  void insert(const CacheKey& key, const StoredAnswer& answer);
  // Marks the answer stored under `key` as current for the zones with serial
  // `published`.
  void restamp(const CacheKey& key, Serial published);

  struct Totals {
    std::size_t entries = 0;
    std::size_t octets = 0;
    std::uint64_t insertions = 0;
    std::uint64_t evictions = 0;  // for lack of room, not by age
  };
  Totals totals() const;

 private:
  class Entry;
  class Shard;
  Shard& shard_of(const CacheKey& key);

  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace canopy
