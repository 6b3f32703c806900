#include "zones/zone_store.h"

#include <algorithm>
#include <utility>

namespace canopy {
namespace {

// The records from `next` on.
struct Rest {
  const RecordList& records;
  std::size_t next = 0;

  bool empty() const { return next == records.size(); }
  RecordView first() const { return records[next]; }
};

// REQUIRES: at least one of `removals` and `additions` is not empty.
NameView next_owner(const Rest& removals, const Rest& additions) {
  if (removals.empty()) return additions.first().owner;
  if (additions.empty()) return removals.first().owner;
  const NameView removed = removals.first().owner;
  const NameView added = additions.first().owner;
  return order_folded(added.wire(), removed.wire()) < 0 ? added : removed;
}

// Moves the records of `owner` at the front of `rest` to `changes`.
void take_changes(Rest& rest, NameView owner, LabelTree::Change::Kind kind,
                  std::vector<LabelTree::Change>& changes) {
  for (; !rest.empty() && rest.first().owner == owner; ++rest.next) {
    const RecordView record = rest.first();
    changes.push_back({kind, record.type, record.ttl, record.rdata});
  }
}

}  // namespace

ZoneStore::ZoneStore(std::vector<ZoneOptions> zones, Serial serial)
    : next_(std::move(zones), serial), serial_(serial) {
  for (Zone& zone : next_.zones_) {
    zone.set_serial(static_cast<std::uint32_t>(serial));
  }
  current_ = std::make_shared<const ZoneSet>(next_);
}

ZoneStore::~ZoneStore() = default;

void ZoneStore::edit(const ZoneDelta& delta) {
  Rest removals{delta.removals};
  Rest additions{delta.additions};
  std::vector<LabelTree::Change> changes;
  while (!removals.empty() || !additions.empty()) {
    const NameView owner = next_owner(removals, additions);
    changes.clear();
    take_changes(removals, owner, LabelTree::Change::Kind::kRemove, changes);
    take_changes(additions, owner, LabelTree::Change::Kind::kAdd, changes);
    const std::size_t ignored = edit(owner, changes);
    ignored_ += ignored;
    changed_ = changed_ || ignored < changes.size();
  }
}

std::size_t ZoneStore::edit(NameView owner,
                            std::span<const LabelTree::Change> changes) {
  for (Zone& zone : next_.zones_) {
    if (!owner.is_subdomain_of(zone.apex())) continue;
    const Labels labels = owner.labels();
    return zone.tree_.change(labels, labels.size() - zone.apex_labels_,
                             changes);
  }
  return changes.size();
}

void ZoneStore::complete() {
  changed_ = changed_ || !next_.complete_;
  next_.complete_ = true;
}

Serial ZoneStore::publish() {
  if (!changed_) return next_.serial_;
  changed_ = false;
  ++next_.serial_;
  for (Zone& zone : next_.zones_) {
    zone.set_serial(static_cast<std::uint32_t>(next_.serial_));
  }
  auto published = std::make_shared<const ZoneSet>(next_);
  {
    const std::scoped_lock lock(mutex_);
    retired_.push_back(std::exchange(current_, std::move(published)));
    serial_.store(next_.serial_, std::memory_order_release);
  }
  release_unread();
  return next_.serial_;
}

void ZoneStore::release_unread() {
  std::vector<std::shared_ptr<const ZoneSet>> unread;  // freed after the unlock
  const std::scoped_lock lock(mutex_);
  const auto read =
      std::partition(retired_.begin(), retired_.end(),
                     [](const std::shared_ptr<const ZoneSet>& set) {
                       return set.use_count() > 1;
                     });
  unread.assign(std::make_move_iterator(read),
                std::make_move_iterator(retired_.end()));
  retired_.erase(read, retired_.end());
}

ZoneStore::Reader::Reader(ZoneStore& store) : store_(store) { refresh(); }

ZoneStore::Reader::~Reader() {
  const std::scoped_lock lock(store_.mutex_);
  snapshot_.reset();
}

// The old snapshot is released under the lock.  Its reference is never the last
// one: the writer's list keeps the set until no reader uses it.
void ZoneStore::Reader::refresh() {
  const std::scoped_lock lock(store_.mutex_);
  snapshot_ = store_.current_;
}

}  // namespace canopy
