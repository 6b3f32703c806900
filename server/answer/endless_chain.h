// The extended error for CNAMEs of our own zones that loop or never end.  Pure;
// any thread.
#pragma once

#include "zones/answer.h"

namespace canopy {

// For an answer whose chain is a loop or too long: which Service's externalName
// closes the loop, or where the chain was left.  REQUIRES: the chain has links,
// and their owners are names of Services.
ExtendedError endless_chain(const Answer& answer);

}  // namespace canopy
