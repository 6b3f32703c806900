// The one place where zones change.  A single writer edits the next ZoneSet
// and publishes it whole; any number of readers look at the last published
// one.  Publishing is also the cache's invalidation: answers remember the
// serial they were made from.
//
// Threads: edit, complete and publish belong to one writer at a time (callers
// serialise).  Readers each have a Reader of their own, used by one thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "zones/zone_delta.h"
#include "zones/zone_set.h"

namespace canopy {

class ZoneStore {
 public:
  // `serial` is the serial of the first, empty set, already published.
  ZoneStore(std::vector<ZoneOptions> zones, Serial serial);
  ~ZoneStore();
  ZoneStore(const ZoneStore&) = delete;
  ZoneStore& operator=(const ZoneStore&) = delete;

  // Changes the next set.  A removal of a record that is not there and a
  // record that belongs to no zone are ignored and counted; a delta of
  // nothing else changes nothing.  A name's changes are applied at one go when
  // the delta is in order of owners, as difference() makes it.
  void edit(const ZoneDelta& delta);
  // From the next publish on, an absent name is NXDOMAIN, not SERVFAIL.
  void complete();
  // Makes the next set current; its serial, the old one's successor.  Does
  // nothing but return the current serial when nothing was changed.
  Serial publish();

  std::uint64_t ignored_records() const { return ignored_; }

  // One thread's view.  current() costs one atomic load while nothing was
  // published.  The reference is good until the next call of current().
  class Reader {
   public:
    explicit Reader(ZoneStore& store);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    const ZoneSet& current() {
      if (store_.serial_.load(std::memory_order_acquire) !=
          snapshot_->serial()) {
        refresh();
      }
      return *snapshot_;
    }

   private:
    void refresh();

    ZoneStore& store_;
    std::shared_ptr<const ZoneSet> snapshot_;
  };

 private:
  // Returns how many of the changes were ignored.
  std::size_t edit(NameView owner, std::span<const LabelTree::Change> changes);
  void release_unread();

  ZoneSet next_;
  bool changed_ = false;
  std::uint64_t ignored_ = 0;

  std::atomic<Serial> serial_;
  std::mutex mutex_;  // guards the two below and every count of them
  std::shared_ptr<const ZoneSet> current_;
  // Published sets some reader may still hold.  Only the writer lets go of
  // them, so that nodes are freed on its thread and need no atomic counts.
  std::vector<std::shared_ptr<const ZoneSet>> retired_;
};

}  // namespace canopy
