// Divides a number of places fairly among clients, so that no client can take
// the others' places.  See fair_shares.h.
#pragma once

#include "healthz/fair_shares.h"
#include "server/net/client.h"

namespace canopy {

using ClientShares = FairShares<Client>;

}  // namespace canopy
