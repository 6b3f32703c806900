#include "server/limits/client_shares.h"

#include <doctest/doctest.h>

namespace canopy {
namespace {

// Returns how many places a client gets that takes all it can.
std::size_t take_all(ClientShares& shares, Client client) {
  std::size_t taken = 0;
  while (shares.take(client) == Admission::kAdmitted) ++taken;
  return taken;
}

TEST_CASE("one client gets half, and what it leaves is halved again") {
  ClientShares shares(1000);
  CHECK(take_all(shares, Client(1)) == 500);
  CHECK(take_all(shares, Client(2)) == 250);
  CHECK(take_all(shares, Client(3)) == 125);
  CHECK(shares.take(Client(1)) == Admission::kShareUsed);
  CHECK(shares.used() == 875);
}

TEST_CASE("clients that take turns get the same") {
  ClientShares shares(900);
  std::size_t rounds = 0;
  while (shares.take(Client(1)) == Admission::kAdmitted &&
         shares.take(Client(2)) == Admission::kAdmitted) {
    ++rounds;
  }
  CHECK(rounds == 300);
}

TEST_CASE("the last place is somebody's too") {
  ClientShares shares(2);
  CHECK(shares.take(Client(1)) == Admission::kAdmitted);
  CHECK(shares.take(Client(1)) == Admission::kShareUsed);
  CHECK(shares.take(Client(2)) == Admission::kAdmitted);
  CHECK(shares.take(Client(3)) == Admission::kFull);
}

TEST_CASE("what is given back can be had again") {
  ClientShares shares(2);
  CHECK(shares.take(Client(1)) == Admission::kAdmitted);
  shares.give_back(Client(1));
  CHECK(shares.used() == 0);
  CHECK(shares.take(Client(1)) == Admission::kAdmitted);
}

TEST_CASE("more than one at a time is granted whole or not at all") {
  ClientShares shares(10);
  CHECK(shares.take(Client(1), 6) == Admission::kShareUsed);
  CHECK(shares.take(Client(1), 5) == Admission::kAdmitted);
  CHECK(shares.take(Client(2), 6) == Admission::kFull);
  CHECK(shares.used() == 5);
  shares.give_back(Client(1), 3);
  CHECK(shares.used() == 2);
}

TEST_CASE("without places nobody is admitted") {
  ClientShares shares(0);
  CHECK(shares.take(Client(1)) == Admission::kFull);
}

}  // namespace
}  // namespace canopy
