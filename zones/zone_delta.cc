#include "zones/zone_delta.h"

#include <algorithm>
#include <tuple>

namespace canopy {
namespace {

// Some total order in which equal records, and records of one owner, meet.
std::strong_ordering compare(const Record& a, const Record& b) {
  if (const auto order = order_folded(a.owner.wire(), b.owner.wire());
      order != 0) {
    return order;
  }
  if (const auto order = a.type <=> b.type; order != 0) return order;
  if (const auto order = a.ttl <=> b.ttl; order != 0) return order;
  return a.rdata <=> b.rdata;
}

bool less(const Record* a, const Record* b) { return compare(*a, *b) < 0; }

std::vector<Record*> sorted(std::vector<Record>& records) {
  std::vector<Record*> order;
  order.reserve(records.size());
  for (Record& record : records) order.push_back(&record);
  std::ranges::sort(order, less);
  return order;
}

}  // namespace

ZoneDelta difference(std::vector<Record> before, std::vector<Record> after) {
  ZoneDelta delta;
  const std::vector<Record*> old_order = sorted(before);
  const std::vector<Record*> new_order = sorted(after);
  auto old_one = old_order.begin();
  auto new_one = new_order.begin();
  while (old_one != old_order.end() || new_one != new_order.end()) {
    if (new_one == new_order.end() ||
        (old_one != old_order.end() && less(*old_one, *new_one))) {
      delta.removals.push_back(std::move(**old_one++));
    } else if (old_one == old_order.end() || less(*new_one, *old_one)) {
      delta.additions.push_back(std::move(**new_one++));
    } else {
      ++old_one;
      ++new_one;
    }
  }
  return delta;
}

}  // namespace canopy
