// Settings, and what files and lookups say, become the Plan.
#pragma once

#include <memory>
#include <vector>

#include "server/config/settings.h"
#include "server/plan/plan.h"

namespace canopy {

// Who is asked for names of one domain; the root: of no other domain.
struct DomainUpstreams {
  Name domain;
  UpstreamGroup upstreams;
};

// Two listeners: the cache tier with a block for each domain, and the zone
// tier, which refuses what no zone has.
std::shared_ptr<const Plan> compile(const ListenSettings& listen,
                                    std::vector<DomainUpstreams> upstreams);

}  // namespace canopy
