#include "zones/zone_delta.h"

#include <cstdint>
#include <utility>

namespace canopy {

ZoneDelta difference(RecordList before, RecordList after) {
  before.sort();
  after.sort();
  std::vector<std::uint32_t> only_before, only_after;
  std::uint32_t old_one = 0, new_one = 0;
  while (old_one < before.size() && new_one < after.size()) {
    const auto order = compare(before[old_one], after[new_one]);
    if (order < 0) only_before.push_back(old_one);
    if (order > 0) only_after.push_back(new_one);
    if (order <= 0) ++old_one;
    if (order >= 0) ++new_one;
  }
  while (old_one < before.size()) only_before.push_back(old_one++);
  while (new_one < after.size()) only_after.push_back(new_one++);
  before.keep(only_before);
  after.keep(only_after);
  return {std::move(before), std::move(after)};
}

}  // namespace canopy
