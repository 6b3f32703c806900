#include "healthz/guarded.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/kubewatch/captured_log.h"

namespace canopy {
namespace {

TEST_CASE("a step that throws is logged and counted, and is all that ends") {
  const CapturedLog log;
  int steps = 0;
  const auto failing = [&] {
    ++steps;
    throw std::runtime_error("no room");
  };
  CHECK_FALSE(guarded("test-a", failing));
  CHECK_FALSE(guarded("test-a", failing));
  CHECK(guarded("test-a", [&] { ++steps; }));
  CHECK(steps == 3);
  CHECK(caught_exceptions()["test-a"] == 2);
  // Once as long as it is the same.
  CHECK(log.count("test-a: unexpected error") == 1);
  CHECK_FALSE(guarded("test-a", [] { throw std::runtime_error("other"); }));
  CHECK(log.count("test-a: unexpected error") == 2);
}

TEST_CASE("what is thrown need not be an exception") {
  const CapturedLog log;
  CHECK_FALSE(guarded("test-b", [] { throw 1; }));
  CHECK(log.count("test-b: ") == 1);
  CHECK_FALSE(caught_exceptions().contains("test-c"));
}

}  // namespace
}  // namespace canopy
