// Places that clients share so that none keeps others out.  See fair_shares.h.
#pragma once

#include "healthz/fair_shares.h"
#include "server/client.h"

namespace canopy {

using ClientShares = FairShares<Client>;

}  // namespace canopy
