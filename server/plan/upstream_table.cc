#include "server/plan/upstream_table.h"

#include <algorithm>

namespace canopy {

UpstreamTable::UpstreamTable(std::vector<UpstreamGroup> groups) {
  for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
    const bool known = std::any_of(
        groups_.begin(), groups_.end(),
        [&](const UpstreamGroup& g) { return g.domain == group->domain; });
    if (!known) groups_.push_back(std::move(*group));
  }
  std::stable_sort(groups_.begin(), groups_.end(),
                   [](const UpstreamGroup& a, const UpstreamGroup& b) {
                     return a.domain.view().label_count() >
                            b.domain.view().label_count();
                   });
}

const UpstreamGroup& UpstreamTable::group_of(NameView qname) const {
  // A handful of stub domains: a walk is as quick as anything.
  for (const UpstreamGroup& group : groups_) {
    if (qname.is_subdomain_of(group.domain)) return group;
  }
  return none_;
}

void UpstreamStore::publish(std::shared_ptr<const UpstreamTable> table) {
  const std::lock_guard lock(mutex_);
  if (*table == *table_) return;
  table_ = std::move(table);
  edition_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const UpstreamTable> UpstreamStore::current() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

const UpstreamTable& UpstreamStore::Reader::current() {
  const std::uint64_t edition = store_.edition_.load(std::memory_order_acquire);
  if (edition != edition_) {
    table_ = store_.current();
    edition_ = edition;
  }
  return *table_;
}

}  // namespace canopy
