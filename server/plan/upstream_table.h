// Whom to ask for which names: an immutable snapshot, and the place where it
// is published.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/net/address.h"
#include "zones/name.h"

namespace canopy {

// The servers for one domain and everything below it.
struct UpstreamGroup {
  Name domain;  // the root: names of no stub domain
  std::vector<SocketAddress> servers;
  // Why `servers` is empty, for SERVFAIL's explanation.
  std::string why_none = "no upstream is configured";

  friend bool operator==(const UpstreamGroup&, const UpstreamGroup&) = default;
};

class UpstreamTable {
 public:
  UpstreamTable() = default;
  // Of several groups for one domain the last counts.
  explicit UpstreamTable(std::vector<UpstreamGroup> groups);

  // The group of the longest domain that `qname` is in.
  const UpstreamGroup& group_of(NameView qname) const;
  const std::vector<UpstreamGroup>& groups() const { return groups_; }

  friend bool operator==(const UpstreamTable&, const UpstreamTable&) = default;

 private:
  std::vector<UpstreamGroup> groups_;  // longest domain first
  UpstreamGroup none_;
};

// Publishes tables.  publish() from any thread; each Reader on one thread.
class UpstreamStore {
 public:
  // Publishing an equal table does not change the edition.
  void publish(std::shared_ptr<const UpstreamTable> table);
  std::shared_ptr<const UpstreamTable> current() const;

  // One atomic load where nothing changed.
  class Reader {
   public:
    explicit Reader(const UpstreamStore& store) : store_(store) {}
    const UpstreamTable& current();
    // The edition that current() returned last.
    std::uint64_t seen() const { return edition_; }
    // The edition that current() would return now.
    std::uint64_t edition() const {
      return store_.edition_.load(std::memory_order_acquire);
    }

   private:
    const UpstreamStore& store_;
    std::uint64_t edition_ = ~0ull;
    std::shared_ptr<const UpstreamTable> table_;
  };

 private:
  std::atomic<std::uint64_t> edition_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const UpstreamTable> table_ =
      std::make_shared<const UpstreamTable>();  // guarded by mutex_
};

}  // namespace canopy
