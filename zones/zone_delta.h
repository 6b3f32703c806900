// A change of the zones, as single counted records.  A zone counts how often
// each record was added less its removals, and answers with one copy.
// Therefore two objects may contribute the same record, for example of a
// reverse name, and removing one object keeps the other's record.
#pragma once

#include "zones/record_list.h"

namespace canopy {

struct ZoneDelta {
  RecordList removals;
  RecordList additions;

  bool empty() const { return removals.empty() && additions.empty(); }
};

// The changes that turn the multiset `before` into the multiset `after`, sorted
// by owner, then by type.
ZoneDelta difference(RecordList before, RecordList after);

}  // namespace canopy
