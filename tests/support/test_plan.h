// Plans with upstreams that no test sends anything to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/config/plan_compiler.h"
#include "server/plan/plan_store.h"

namespace canopy::test {

// Returns a plan with a block for each stub domain.  Different values of
// `number` give different plans.
inline std::shared_ptr<const Plan> plan_for(
    const std::vector<std::string>& stub_domains = {}, int number = 0) {
  const UpstreamGroup group{{}, "upstreams " + std::to_string(number)};
  std::vector<DomainUpstreams> upstreams = {{Name(), group}};
  for (const std::string& domain : stub_domains) {
    upstreams.push_back({*Name::from_text(domain), group});
  }
  return compile({}, std::move(upstreams));
}

}  // namespace canopy::test
