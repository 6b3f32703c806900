// The extended error for CNAMEs of our own zones that loop or never end.  A
// pure function; any thread.
#pragma once

#include "zones/answer.h"

namespace canopy {

// For an answer whose chain is a loop or too long.  The error names the Service
// whose externalName closes the loop, or the name where following stopped.
// REQUIRES: the chain has links, and their owners are names of Services.
ExtendedError endless_chain(const Answer& answer);

}  // namespace canopy
