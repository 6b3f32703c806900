#include "server/limits/client_rates.h"

#include <doctest/doctest.h>

namespace canopy {
namespace {

using std::chrono::milliseconds;

const TimePoint kStart{std::chrono::hours(1)};

// Returns how many of `asked` queries at one time are admitted.
int admitted(ClientRates& rates, Client client, TimePoint when, int asked) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += rates.admits(client, when) ? 1 : 0;
  return count;
}

TEST_CASE("a second's worth at once, and then the rate") {
  ClientRates rates(100, {});
  CHECK(admitted(rates, Client(1), kStart, 500) == 100);
  CHECK(admitted(rates, Client(1), kStart + milliseconds(100), 500) == 10);
  CHECK(admitted(rates, Client(1), kStart + milliseconds(5'000), 500) == 100);
}

TEST_CASE("one question a second is a rate too") {
  ClientRates rates(1, {});
  CHECK(admitted(rates, Client(1), kStart, 10) == 1);
  CHECK(admitted(rates, Client(1), kStart + milliseconds(999), 10) == 0);
  CHECK(admitted(rates, Client(1), kStart + milliseconds(1'000), 10) == 1);
}

TEST_CASE("each client has a rate of its own") {
  ClientRates rates(100, {});
  CHECK(admitted(rates, Client(1), kStart, 500) == 100);
  CHECK(admitted(rates, Client(2), kStart, 500) == 100);
}

TEST_CASE("those that are free are not limited") {
  ClientRates rates(100, {Client(7), kOurselves});
  CHECK(admitted(rates, Client(7), kStart, 500) == 500);
  CHECK(admitted(rates, kOurselves, kStart, 500) == 500);
}

TEST_CASE("a clock that is behind gives nothing back") {
  ClientRates rates(100, {});
  CHECK(admitted(rates, Client(1), kStart, 500) == 100);
  CHECK(admitted(rates, Client(1), kStart - milliseconds(500), 500) == 0);
}

TEST_CASE("any number of forged clients shuts nobody out") {
  ClientRates rates(100, {});
  for (std::uint64_t i = 1'000; i < 201'000; ++i) {
    rates.admits(Client(i), kStart);
  }
  for (std::uint64_t i = 1; i < 100; ++i) {
    CHECK(admitted(rates, Client(i), kStart, 100) == 100);
  }
}

TEST_CASE("a client that floods is remembered while others come and go") {
  ClientRates rates(100, {});
  admitted(rates, Client(1), kStart, 500);
  for (std::uint64_t i = 1'000; i < 201'000; ++i) {
    rates.admits(Client(i), kStart);
  }
  CHECK(admitted(rates, Client(1), kStart, 500) == 0);
}

}  // namespace
}  // namespace canopy
