// The only place where zones change.  A single writer edits the next ZoneSet
// and publishes it as a whole; any number of readers use the last published
// set.  Publishing also invalidates the cache: each cached answer has the
// serial of the set that it was made from.
//
// Threads: edit, complete and publish must be serialised by the callers.  Each
// reader thread has its own Reader.
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
  // `serial` is the serial of the first set, which is empty and already
  // published.
  ZoneStore(std::vector<ZoneOptions> zones, Serial serial);
  ~ZoneStore();
  ZoneStore(const ZoneStore&) = delete;
  ZoneStore& operator=(const ZoneStore&) = delete;

  // Changes the next set.  Removals of missing records, and records that belong
  // to no zone, are ignored and counted; a delta with nothing else changes
  // nothing.  If the delta is sorted by owner, as difference() makes it, all
  // changes of a name are applied together.
  void edit(const ZoneDelta& delta);
  // From the next publish on, absent names get NXDOMAIN, not SERVFAIL.
  void complete();
  // Makes the next set current, with a serial one higher.  If nothing changed,
  // only returns the current serial.
  Serial publish();

  std::uint64_t ignored_records() const { return ignored_; }

  // The view of one thread.  current() costs one atomic load if nothing was
  // published.  Its result is valid until the next call of current().
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
  // Returns the number of ignored changes.
  std::size_t edit(NameView owner, std::span<const LabelTree::Change> changes);
  void release_unread();

  ZoneSet next_;
  bool changed_ = false;
  std::uint64_t ignored_ = 0;

  std::atomic<Serial> serial_;
  std::mutex mutex_;  // guards the members below and their reference counts
  std::shared_ptr<const ZoneSet> current_;
  // Published sets that a reader may still hold.  Only the writer drops the
  // last reference.  Therefore nodes are freed on the writer's thread, and
  // their counts need not be atomic.
  std::vector<std::shared_ptr<const ZoneSet>> retired_;
};

}  // namespace canopy
