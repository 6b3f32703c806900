#include "cache/answer_cache.h"

#include <algorithm>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/unordered_set.hpp>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

namespace canopy {
namespace {

namespace intrusive = boost::intrusive;

using KeyHook = intrusive::unordered_set_base_hook<intrusive::store_hash<true>>;
using RecencyHook = intrusive::list_base_hook<>;

// A lock for critical sections of about 10 ns.  Waiters spin first, because
// spinning is cheaper than sleeping unless the holder is descheduled.  Locking
// and unlocking without contention take one instruction each; std::mutex takes
// fifty.
class BriefMutex {
 public:
  void lock() {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
      if (try_lock()) return;
    }
    // The value kWaitedFor makes the next unlock() wake a waiter.
    while (state_.exchange(kWaitedFor, std::memory_order_acquire) != kFree) {
      state_.wait(kWaitedFor, std::memory_order_relaxed);
    }
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kWaitedFor) {
      state_.notify_one();
    }
  }

 private:
  static constexpr int kFree = 0;
  static constexpr int kHeld = 1;
  static constexpr int kWaitedFor = 2;

  bool try_lock() {
    int expected = kFree;
    return state_.load(std::memory_order_relaxed) == kFree &&
           state_.compare_exchange_strong(expected, kHeld,
                                          std::memory_order_acquire);
  }

  std::atomic<int> state_{kFree};
};

// Shards reduce contention between threads.  A small cache has one shard, so
// that its few entries share one limit.
std::size_t shard_count(std::size_t entries) { return entries < 1024 ? 1 : 16; }

}  // namespace

// The answer's octets, then the key's octets, follow the Entry in memory.
class AnswerCache::Entry : public KeyHook, public RecencyHook {
 public:
  static std::unique_ptr<Entry> make(const CacheKey& key,
                                     const StoredAnswer& answer) {
    const std::size_t octets = answer.octets_.size() + key.octets().size();
    return std::unique_ptr<Entry>(new (Octets{octets}) Entry(key, answer));
  }
  static void operator delete(void* block) { ::operator delete(block); }

  bool has(const CacheKey& key) const {
    return std::ranges::equal(key.octets(),
                              std::span(octets() + answer_size_, key_size_));
  }
  void copy_to(StoredAnswer& answer) const {
    answer.facts_ = facts;
    answer.layout_ = layout_;
    answer.octets_.assign(octets(), octets() + answer_size_);
  }
  // Includes the overhead of the allocator and of the key table.
  std::size_t size() const {
    constexpr std::size_t kAround = 24;
    return kAround + sizeof(Entry) + answer_size_ + key_size_;
  }

  AnswerFacts facts;
  const std::uint64_t hash;
  bool is_protected = false;
  bool was_used = false;  // since it was last moved to the front of protected_

 private:
  struct Octets {
    std::size_t count;
  };
  static void* operator new(std::size_t size, Octets more) {
    return ::operator new(size + more.count);
  }
  static void operator delete(void* block, Octets) { ::operator delete(block); }

  Entry(const CacheKey& key, const StoredAnswer& answer)
      : facts(answer.facts_),
        hash(key.hash()),
        answer_size_(static_cast<std::uint32_t>(answer.octets_.size())),
        key_size_(static_cast<std::uint32_t>(key.octets().size())),
        layout_(answer.layout_) {
    std::uint8_t* const octets = reinterpret_cast<std::uint8_t*>(this + 1);
    if (answer_size_ > 0) {
      std::memcpy(octets, answer.octets_.data(), answer_size_);
    }
    std::memcpy(octets + answer_size_, key.octets().data(), key_size_);
  }
  const std::uint8_t* octets() const {
    return reinterpret_cast<const std::uint8_t*>(this + 1);
  }

  const std::uint32_t answer_size_;
  const std::uint32_t key_size_;
  const StoredAnswer::Layout layout_;
};

// A shard has one lock, one table of keys, and two recency lists: probation and
// protected.  Shards do not share cache lines.
class alignas(64) AnswerCache::Shard {
  using Recency = intrusive::list<Entry>;

  // Frees the removed entries in its destructor.  Declare it before the lock,
  // so that entries are freed after the lock is released.
  class Gone {
   public:
    Gone() = default;
    Gone(const Gone&) = delete;
    Gone& operator=(const Gone&) = delete;
    ~Gone() { entries_.clear_and_dispose(std::default_delete<Entry>()); }
    void add(std::unique_ptr<Entry> entry) {
      entries_.push_back(*entry.release());
    }

   private:
    Recency entries_;
  };

 public:
  explicit Shard(const CacheLimits& limits)
      : limits_(limits),
        most_protected_(limits.entries - limits.entries / 5),
        buckets_(kFewestBuckets),
        by_key_({buckets_.data(), buckets_.size()}) {}
  ~Shard() {
    by_key_.clear();
    for (Recency* const entries : {&probation_, &protected_}) {
      entries->clear_and_dispose(std::default_delete<Entry>());
    }
  }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  Found find(const CacheKey& key, const Editions& published, TimePoint now,
             StoredAnswer& answer) {
    std::unique_ptr<Entry> gone;  // freed after the unlock
    const std::scoped_lock lock(mutex_);
    Entry* const entry = entry_of(key);
    // The plan must match for a zone's answer too, because a new stub domain
    // may include the name.
    if (entry == nullptr || entry->facts.made_from.plan != published.plan) {
      return Found::kNo;
    }
    const AnswerFacts& facts = entry->facts;
    const bool current =
        !facts.depends_on_zone() || facts.made_from.zones == published.zones;
    const bool of_zone = facts.origin == AnswerFacts::Origin::kZone;
    if (of_zone && !current) {
      gone = take_out(*entry);
      answer.facts_.origin = AnswerFacts::Origin::kZone;
      return Found::kOutdated;
    }
    if (!of_zone && now >= facts.expires) {
      if (now >= facts.usable_until) {
        gone = take_out(*entry);
        return Found::kNo;
      }
      entry->copy_to(answer);
      return Found::kStale;
    }
    entry->copy_to(answer);
    note_use(*entry);
    return current ? Found::kCurrent : Found::kOutdated;
  }

  bool take_refresh(const CacheKey& key) {
    const std::scoped_lock lock(mutex_);
    Entry* const entry = entry_of(key);
    return entry != nullptr &&
           std::exchange(entry->facts.refresh, TimePoint::max()) !=
               TimePoint::max();
  }

  void insert(const CacheKey& key, const StoredAnswer& answer) {
    std::unique_ptr<Entry> made = Entry::make(key, answer);
    Gone gone;
    const std::scoped_lock lock(mutex_);
    if (Entry* const earlier = entry_of(key)) {
      made->is_protected = earlier->is_protected;
      gone.add(take_out(*earlier));
    }
    put_in(*made.release());
    make_room(gone);
  }

  void restamp(const CacheKey& key, Serial published) {
    const std::scoped_lock lock(mutex_);
    if (Entry* const entry = entry_of(key)) {
      entry->facts.made_from.zones = published;
    }
  }

  Totals totals() const {
    const std::scoped_lock lock(mutex_);
    Totals totals = totals_;
    totals.entries = by_key_.size();
    return totals;
  }

 private:
  // The low bits chose the shard.
  static std::size_t bucket_hash(std::uint64_t hash) { return hash >> 8; }
  struct EntryHash {
    std::size_t operator()(const Entry& entry) const {
      return bucket_hash(entry.hash);
    }
  };
  struct SameKey {
    bool operator()(const Entry& a, const Entry& b) const { return &a == &b; }
  };
  using ByKey = intrusive::unordered_set<
      Entry, intrusive::hash<EntryHash>, intrusive::equal<SameKey>,
      intrusive::power_2_buckets<true>, intrusive::compare_hash<true>>;
  using Buckets = std::vector<ByKey::bucket_type>;

  static constexpr std::size_t kFewestBuckets = 16;

  Entry* entry_of(const CacheKey& key) {
    const auto found = by_key_.find(
        key, [](const CacheKey& asked) { return bucket_hash(asked.hash()); },
        [](const CacheKey& asked, const Entry& entry) {
          return entry.has(asked);
        });
    return found == by_key_.end() ? nullptr : &*found;
  }

  Recency& list_of(const Entry& entry) {
    return entry.is_protected ? protected_ : probation_;
  }

  void put_in(Entry& entry) {
    if (by_key_.size() == buckets_.size()) double_buckets();
    by_key_.insert(entry);
    list_of(entry).push_front(entry);
    totals_.octets += entry.size();
    ++totals_.insertions;
  }

  std::unique_ptr<Entry> take_out(Entry& entry) {
    totals_.octets -= entry.size();
    by_key_.erase(by_key_.iterator_to(entry));
    Recency& from = list_of(entry);
    from.erase(from.iterator_to(entry));
    return std::unique_ptr<Entry>(&entry);
  }

  void double_buckets() {
    Buckets more(2 * buckets_.size());
    by_key_.rehash({more.data(), more.size()});
    buckets_.swap(more);
  }

  // A protected entry is marked, not moved, because a move on every hit would
  // also write to its neighbours.  Once marked, the entry is only read, so that
  // the caches of several cores can share it.
  void note_use(Entry& entry) {
    if (entry.is_protected) {
      if (!entry.was_used) entry.was_used = true;
      return;
    }
    entry.is_protected = true;
    protected_.splice(protected_.begin(), probation_,
                      probation_.iterator_to(entry));
    if (protected_.size() > most_protected_) demote_one();
  }

  // Demotes the last entry of protected_ that was not used since it was last
  // checked.  Used entries move to the front.  After kMostLooks used entries,
  // the last entry is demoted anyway.
  void demote_one() {
    constexpr int kMostLooks = 16;
    for (int i = 0; i < kMostLooks && protected_.back().was_used; ++i) {
      protected_.back().was_used = false;
      protected_.splice(protected_.begin(), protected_,
                        std::prev(protected_.end()));
    }
    protected_.back().is_protected = false;
    probation_.splice(probation_.begin(), protected_,
                      std::prev(protected_.end()));
  }

  void make_room(Gone& gone) {
    while (by_key_.size() > limits_.entries ||
           totals_.octets > limits_.octets) {
      gone.add(
          take_out(probation_.empty() ? protected_.back() : probation_.back()));
      ++totals_.evictions;
    }
  }

  const CacheLimits limits_;
  const std::size_t most_protected_;
  mutable BriefMutex mutex_;
  Buckets buckets_;  // outlives the table
  ByKey by_key_;
  Recency probation_;
  Recency protected_;
  Totals totals_;
};

AnswerCache::AnswerCache(const CacheLimits& limits) {
  const std::size_t shards = shard_count(limits.entries);
  for (std::size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(
        CacheLimits{limits.entries / shards, limits.octets / shards}));
  }
}

AnswerCache::~AnswerCache() = default;

AnswerCache::Shard& AnswerCache::shard_of(const CacheKey& key) {
  return *shards_[key.hash() % shards_.size()];
}

AnswerCache::Found AnswerCache::find(const CacheKey& key,
                                     const Editions& published, TimePoint now,
                                     StoredAnswer& answer) {
  return shard_of(key).find(key, published, now, answer);
}

bool AnswerCache::take_refresh(const CacheKey& key) {
  return shard_of(key).take_refresh(key);
}

void AnswerCache::insert(const CacheKey& key, const StoredAnswer& answer) {
  shard_of(key).insert(key, answer);
}

void AnswerCache::restamp(const CacheKey& key, Serial published) {
  shard_of(key).restamp(key, published);
}

AnswerCache::Totals AnswerCache::totals() const {
  Totals sum;
  for (const auto& shard : shards_) {
    const Totals totals = shard->totals();
    sum.entries += totals.entries;
    sum.octets += totals.octets;
    sum.insertions += totals.insertions;
    sum.evictions += totals.evictions;
  }
  return sum;
}

}  // namespace canopy
