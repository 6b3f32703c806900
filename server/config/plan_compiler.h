// Compiles flags, configuration files and looked-up addresses to the Plan.
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

// Returns a plan with two listeners, in the order of Tier.  The cache tier has
// a block for each domain; the zone tier refuses names that no zone has.  The
// upstreams of a domain inside `cluster_domain` answer for the names that the
// cluster has there, too.
std::shared_ptr<const Plan> compile(
    const ListenSettings& listen, std::vector<DomainUpstreams> upstreams,
    const Name& cluster_domain = RecordOptions().domain);

}  // namespace canopy
