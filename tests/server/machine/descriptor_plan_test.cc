#include "server/machine/descriptor_plan.h"

#include <doctest/doctest.h>

#include "healthz/configuration_error.h"

namespace canopy {
namespace {

constexpr DescriptorNeeds kTwoWorkers{.workers = 2, .listeners = 16};

TEST_CASE("with many descriptors nothing is less than it could be") {
  const DescriptorPlan plan(65536, kTwoWorkers);
  CHECK(plan.tcp_connections == 1000);
  CHECK(plan.ports_per_upstream == 16);
  CHECK_FALSE(plan.warning);
}

TEST_CASE("with few, connections and ports are fewer, and a line says so") {
  const DescriptorPlan plan(256, kTwoWorkers);
  CHECK(plan.tcp_connections >= 40);
  CHECK(plan.tcp_connections <= 120);
  CHECK(plan.ports_per_upstream >= 1);
  CHECK(plan.ports_per_upstream <= 4);
  REQUIRE(plan.warning);
  CHECK(plan.warning->find("open file limit is 256") != std::string::npos);
  CHECK(plan.warning->find("ulimit -Hn") != std::string::npos);
}

TEST_CASE("what the warning asks for is enough") {
  const DescriptorPlan plan(256, kTwoWorkers);
  const auto number = plan.warning->rfind(' ');
  const DescriptorPlan enough(std::stoul(plan.warning->substr(number)),
                              kTwoWorkers);
  CHECK_FALSE(enough.warning);
}

TEST_CASE("connections never take what upstreams, health and files need") {
  for (std::size_t limit = 200; limit < 3000; limit += 7) {
    const DescriptorPlan plan(limit, kTwoWorkers);
    const std::size_t upstreams = 2 * 4 * (3 * plan.ports_per_upstream + 2);
    const std::size_t others = 16 + 6 + 64 + 32;
    CHECK(plan.tcp_connections + upstreams + others <= limit);
    CHECK(plan.tcp_descriptor_limit + upstreams + 32 <= limit);
  }
}

TEST_CASE("too few are a mistake that says how many are needed") {
  CHECK_THROWS_WITH_AS(DescriptorPlan(100, kTwoWorkers),
                       doctest::Contains("at least 166 are needed"),
                       ConfigurationError);
  CHECK_NOTHROW(DescriptorPlan(166, kTwoWorkers));
}

}  // namespace
}  // namespace canopy
