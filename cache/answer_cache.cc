#include "cache/answer_cache.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace canopy {
namespace {

constexpr std::size_t even(std::size_t size) { return size + size % 2; }

template <typename T>
void put(std::vector<std::uint8_t>& octets, std::size_t at,
         std::span<const T> values) {
  if (!values.empty()) {
    std::memcpy(&octets[at], values.data(), values.size_bytes());
  }
}

// Shards keep threads apart; few entries are better kept together.
std::size_t shard_count(std::size_t entries) { return entries < 1024 ? 1 : 16; }

}  // namespace

EncodedAnswer StoredAnswer::answer() const {
  const std::size_t ttls = even(message_size_);
  const std::size_t rrsets = ttls + ttl_count_ * sizeof(std::uint16_t);
  return {{octets_.data(), message_size_},
          {reinterpret_cast<const std::uint16_t*>(octets_.data() + ttls),
           ttl_count_},
          {reinterpret_cast<const RrsetSpan*>(octets_.data() + rrsets),
           rrset_count_}};
}

void StoredAnswer::assign(const EncodedAnswer& answer) {
  message_size_ = static_cast<std::uint16_t>(answer.message.size());
  ttl_count_ = static_cast<std::uint16_t>(answer.ttl_offsets.size());
  rrset_count_ = static_cast<std::uint16_t>(answer.rrsets.size());
  error_size_ = 0;
  const std::size_t ttls = even(answer.message.size());
  const std::size_t rrsets = ttls + answer.ttl_offsets.size_bytes();
  octets_.resize(rrsets + answer.rrsets.size_bytes());
  put(octets_, 0, answer.message);
  put(octets_, ttls, answer.ttl_offsets);
  put(octets_, rrsets, answer.rrsets);
}

void StoredAnswer::set_ttls(std::uint32_t seconds) {
  for (const std::uint16_t at : answer().ttl_offsets) {
    for (int i = 0; i < 4; ++i) {
      octets_[at + static_cast<std::size_t>(i)] =
          static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
    }
  }
}

std::size_t StoredAnswer::error_offset() const {
  return even(message_size_) + ttl_count_ * sizeof(std::uint16_t) +
         rrset_count_ * sizeof(RrsetSpan);
}

ExtendedError StoredAnswer::error() const {
  const auto* const octets = octets_.data() + error_offset();
  return {static_cast<InfoCode>(octets[0]),
          {reinterpret_cast<const char*>(octets + 1), error_size_ - 1U}};
}

void StoredAnswer::set_error(const ExtendedError& error) {
  constexpr std::size_t kMostText = 500;
  octets_.resize(error_offset());
  octets_.push_back(static_cast<std::uint8_t>(error.code));
  const std::string_view text =
      std::string_view(error.text).substr(0, kMostText);
  octets_.insert(octets_.end(), text.begin(), text.end());
  error_size_ = static_cast<std::uint16_t>(1 + text.size());
}

// One lock, one map, two lists of recency: probation and protected.
class AnswerCache::Shard {
 public:
  explicit Shard(const Options& limits)
      : limits_(limits), most_protected_(limits.entries - limits.entries / 5) {}

  Found find(const CacheKey& key, Serial published, TimePoint now,
             StoredAnswer& answer) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(key_of(key));
    if (found == by_key_.end()) return Found::kNo;
    const Entries::iterator entry = found->second;
    const StoredAnswer& stored = entry->answer;
    const bool current =
        !stored.depends_on_zone() || stored.serial == published;
    const bool of_zone = stored.origin == StoredAnswer::Origin::kZone;
    answer.origin = stored.origin;
    if (of_zone && !current) {
      erase(entry);
      return Found::kOutdated;
    }
    if (!of_zone && now >= stored.expires) {
      if (now >= stored.usable_until) erase(entry);
      return Found::kNo;
    }
    answer = stored;
    promote(entry);
    return current ? Found::kCurrent : Found::kOutdated;
  }

  bool find_stale(const CacheKey& key, TimePoint now, StoredAnswer& answer) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(key_of(key));
    if (found == by_key_.end()) return false;
    const StoredAnswer& stored = found->second->answer;
    if (stored.origin == StoredAnswer::Origin::kZone ||
        now >= stored.usable_until) {
      return false;
    }
    answer = stored;
    return true;
  }

  bool take_refresh(const CacheKey& key) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(key_of(key));
    if (found == by_key_.end()) return false;
    return std::exchange(found->second->answer.refresh, TimePoint::max()) !=
           TimePoint::max();
  }

  void insert(const CacheKey& key, const StoredAnswer& answer) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(key_of(key));
    if (found != by_key_.end()) {
      const Entries::iterator entry = found->second;
      totals_.octets += answer.octets_.size();
      totals_.octets -= entry->answer.octets_.size();
      entry->answer = answer;
      entry->answer.octets_.shrink_to_fit();
    } else {
      const Key asked = key_of(key);
      probation_.push_front(
          {std::string(asked.octets), asked.hash, answer, false});
      probation_.front().answer.octets_.shrink_to_fit();
      by_key_.emplace(probation_.front().map_key(), probation_.begin());
      totals_.octets += size_of(probation_.front());
    }
    ++totals_.insertions;
    make_room();
  }

  void restamp(const CacheKey& key, Serial published) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(key_of(key));
    if (found != by_key_.end()) found->second->answer.serial = published;
  }

  Totals totals() const {
    const std::scoped_lock lock(mutex_);
    Totals totals = totals_;
    totals.entries = by_key_.size();
    return totals;
  }

 private:
  // Borrowed octets with the hash that was computed once.
  struct Key {
    std::string_view octets;
    std::uint64_t hash;

    friend bool operator==(const Key& a, const Key& b) {
      return a.hash == b.hash && a.octets == b.octets;
    }
  };
  struct KeyHash {
    // The low bits chose the shard.
    std::size_t operator()(const Key& key) const { return key.hash >> 8; }
  };
  struct Entry {
    std::string key;
    std::uint64_t hash;
    StoredAnswer answer;
    bool is_protected;

    Key map_key() const { return {key, hash}; }
  };
  using Entries = std::list<Entry>;

  static Key key_of(const CacheKey& key) {
    return {{reinterpret_cast<const char*>(key.octets().data()),
             key.octets().size()},
            key.hash()};
  }
  // With what the map and the lists need for one entry.
  static std::size_t size_of(const Entry& entry) {
    constexpr std::size_t kNodes = sizeof(Entry) + 96;
    return kNodes + entry.key.capacity() + entry.answer.octets_.size();
  }

  void promote(Entries::iterator entry) {
    Entries& from = entry->is_protected ? protected_ : probation_;
    protected_.splice(protected_.begin(), from, entry);
    entry->is_protected = true;
    if (protected_.size() <= most_protected_) return;
    const auto last = std::prev(protected_.end());
    last->is_protected = false;
    probation_.splice(probation_.begin(), protected_, last);
  }

  void make_room() {
    while (by_key_.size() > limits_.entries ||
           totals_.octets > limits_.octets) {
      Entries& entries = probation_.empty() ? protected_ : probation_;
      erase(std::prev(entries.end()));
      ++totals_.evictions;
    }
  }

  void erase(Entries::iterator entry) {
    totals_.octets -= size_of(*entry);
    by_key_.erase(entry->map_key());
    (entry->is_protected ? protected_ : probation_).erase(entry);
  }

  const Options limits_;
  const std::size_t most_protected_;
  mutable std::mutex mutex_;
  Entries probation_;
  Entries protected_;
  std::unordered_map<Key, Entries::iterator, KeyHash> by_key_;
  Totals totals_;
};

AnswerCache::AnswerCache(const Options& options) {
  const std::size_t shards = shard_count(options.entries);
  for (std::size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(
        Options{options.entries / shards, options.octets / shards}));
  }
}

AnswerCache::~AnswerCache() = default;

AnswerCache::Shard& AnswerCache::shard_of(const CacheKey& key) {
  return *shards_[key.hash() % shards_.size()];
}

AnswerCache::Found AnswerCache::find(const CacheKey& key, Serial published,
                                     TimePoint now, StoredAnswer& answer) {
  return shard_of(key).find(key, published, now, answer);
}

bool AnswerCache::find_stale(const CacheKey& key, TimePoint now,
                             StoredAnswer& answer) {
  return shard_of(key).find_stale(key, now, answer);
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
