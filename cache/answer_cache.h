// Answers kept for a while, bounded in entries and octets.
//
// An answer that a zone had a part in carries the serial of the ZoneSet it was
// made from, and find() tells when that is not the published one any more.
// So publishing is the invalidation; nothing ever calls in here to forget.
// An answer from an upstream lives by its TTL.  It stays behind that, as long
// as there is room, for the case that no upstream answers (RFC 8767).
//
// Segmented LRU: a new answer enters a probation segment (a fifth of the
// entries) and moves up when it is asked for again, so a flood of names that
// are asked once pushes out others of its kind, not the popular ones.
//
// Threads: any.  Sharded; a shard's lock is held to copy one answer in or out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cache/cache_key.h"
#include "zones/encoded_answer.h"
#include "zones/zone_set.h"

namespace canopy {

using TimePoint = std::chrono::steady_clock::time_point;

// A copy of what is stored; its memory serves again for the next find.
class StoredAnswer {
 public:
  enum class Origin : std::uint8_t {
    kZone,      // current while its serial is the published one
    kUpstream,  // lives by its TTL
    // Lives by its TTL, but a zone said where to look: a CNAME that led out
    // of it, or a fall-through zone that lacked the name.
    kUpstreamBehindZone,
  };

  Origin origin = Origin::kZone;
  Serial serial = 0;            // of the ZoneSet; 0 for kUpstream
  std::uint64_t upstreams = 0;  // Forwarder::edition() before asking
  TimePoint stored{};           // what TTLs count from
  TimePoint expires{};          // kZone: never reached
  // Of upstreams' answers.  Asked for from here on, it is worth fetching again
  // before it expires:
  TimePoint refresh = TimePoint::max();
  // Behind `expires`, but before this, it is better than no answer:
  TimePoint usable_until{};

  EncodedAnswer answer() const;
  void assign(const EncodedAnswer& answer);
  void set_ttls(std::uint32_t seconds);

  // What is said beside it: that it is stale, or why it is a failure.  Rare:
  // costs nothing where there is none.
  bool has_error() const { return error_size_ != 0; }
  ExtendedError error() const;
  // REQUIRES: an answer is assigned.  Long text is cut.
  void set_error(const ExtendedError& error);

  bool depends_on_zone() const { return origin != Origin::kUpstream; }

 private:
  friend class AnswerCache;

  std::size_t error_offset() const;

  // message, then TTL offsets, then RRset spans, then the error's code and
  // text, each at an even offset
  std::vector<std::uint8_t> octets_;
  std::uint16_t message_size_ = 0;
  std::uint16_t ttl_count_ = 0;
  std::uint16_t rrset_count_ = 0;
  std::uint16_t error_size_ = 0;  // octets
};

class AnswerCache {
 public:
  struct Options {
    std::size_t entries = 10000;
    std::size_t octets = std::size_t{64} << 20;
  };
  explicit AnswerCache(const Options& options);
  ~AnswerCache();
  AnswerCache(const AnswerCache&) = delete;
  AnswerCache& operator=(const AnswerCache&) = delete;

  enum class Found {
    kNo,
    kCurrent,
    // Made from an older ZoneSet: not to be served unless the zone still
    // says the same.
    kOutdated,
  };
  // Copies into `answer` what is current.  Of what is outdated, only answers
  // that an upstream had a part in; of a zone's own, nothing but the origin.
  Found find(const CacheKey& key, Serial published, TimePoint now,
             StoredAnswer& answer);
  // Copies an upstream's answer that has expired, but is still usable.
  bool find_stale(const CacheKey& key, TimePoint now, StoredAnswer& answer);
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
  class Shard;
  Shard& shard_of(const CacheKey& key);

  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace canopy
