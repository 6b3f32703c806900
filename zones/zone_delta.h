// What changes in the zones, as single counted records: a zone holds as many
// of the same record as were added and not removed, and answers with one.
// So two objects may both contribute the record of one reverse name, and
// taking one object away leaves the other's.
#pragma once

#include "zones/record_list.h"

namespace canopy {

struct ZoneDelta {
  RecordList removals;
  RecordList additions;

  bool empty() const { return removals.empty() && additions.empty(); }
};

// What turns the multiset `before` into the multiset `after`, in order of
// owners, and of records of one owner by type.
ZoneDelta difference(RecordList before, RecordList after);

}  // namespace canopy
