// Plans of a server that asks upstreams, which no test here sends anything to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/config/plan_compiler.h"
#include "server/plan/plan_store.h"

namespace canopy::test {

// With a block for each of the stub domains; another `number`, another plan.
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
