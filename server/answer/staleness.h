// The extended error for answers while the zones come from a snapshot that no
// API server has confirmed yet (--snapshot-file).  Pure; any thread.
#pragma once

#include "zones/answer.h"
#include "zones/zone.h"

namespace canopy {

// RFC 8914 4.4 and 4.20: Stale Answer, or Stale NXDOMAIN Answer.  Null for
// names that no Kubernetes object makes, because their answers never go stale.
const ExtendedError* staleness(const Zone& zone, NameView qname, Rcode rcode);

}  // namespace canopy
