#include "healthz/fair_shares.h"

#include <doctest/doctest.h>

#include <string>

namespace canopy {
namespace {

using Shares = FairShares<std::string>;

std::size_t taken_by(Shares& shares, const std::string& client) {
  std::size_t count = 0;
  while (shares.take(client) == Admission::kAdmitted) ++count;
  return count;
}

TEST_CASE("a client alone gets half, and others find a place beside it") {
  Shares shares(64);
  CHECK(taken_by(shares, "a") == 32);
  CHECK(shares.take("a") == Admission::kShareUsed);
  CHECK(taken_by(shares, "b") == 16);
  CHECK(taken_by(shares, "c") == 8);
}

TEST_CASE("of two places a client gets one") {
  Shares shares(2);
  CHECK(taken_by(shares, "a") == 1);
  CHECK(taken_by(shares, "b") == 1);
  CHECK(shares.take("c") == Admission::kFull);
  shares.give_back("a");
  CHECK(taken_by(shares, "c") == 1);
}

TEST_CASE("more than one place is taken and given back at a time") {
  Shares shares(100);
  CHECK(shares.take("a", 101) == Admission::kFull);
  CHECK(shares.take("a", 50) == Admission::kAdmitted);
  CHECK(shares.take("a", 1) == Admission::kShareUsed);
  CHECK(shares.used() == 50);
  shares.give_back("a", 50);
  CHECK(shares.used() == 0);
}

}  // namespace
}  // namespace canopy
