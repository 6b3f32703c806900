// Compiles settings, configuration files and looked-up addresses to the Plan.
#pragma once

#include <memory>
#include <vector>

#include "server/config/settings.h"
#include "server/plan/plan.h"

namespace canopy {

// The upstreams for one domain.  The root stands for all names that no other
// domain contains.
struct DomainUpstreams {
  Name domain;
  UpstreamGroup upstreams;
};

// Returns a plan with two listeners.  The cache tier has a block for each
// domain; the zone tier refuses names that no zone has.
std::shared_ptr<const Plan> compile(const ListenSettings& listen,
                                    std::vector<DomainUpstreams> upstreams);

}  // namespace canopy
