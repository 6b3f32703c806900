#include "server/limits/memory_budget.h"

#include <doctest/doctest.h>

#include "server/limits/paid_places.h"
#include "server/listen/tcp_input.h"
#include "server/listen/tcp_output.h"
#include "server/machine/granted_memory.h"
#include "tests/server/test_folder.h"

namespace canopy {
namespace {

constexpr Client kGreedy{1};
constexpr Client kModest{2};

std::span<const std::uint8_t> octets_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST_CASE("one client gets half of the octets, and others find the rest") {
  MemoryBudget budget(1000);
  CHECK(budget.take(kGreedy, 501) == Admission::kShareUsed);
  CHECK(budget.take(kGreedy, 500) == Admission::kAdmitted);
  CHECK(budget.take(kGreedy, 1) == Admission::kShareUsed);
  CHECK(budget.take(kModest, 200) == Admission::kAdmitted);
  CHECK(budget.take(kModest, 100) == Admission::kShareUsed);
  CHECK(budget.take(Client(3), 400) == Admission::kFull);
  CHECK(budget.used() == 700);
}

TEST_CASE("a lease gives back what it has when it ends") {
  MemoryBudget budget(1000);
  {
    MemoryLease lease(budget, kGreedy);
    CHECK(lease.grow_to(300));
    CHECK(lease.grow_to(500));
    CHECK_FALSE(lease.grow_to(600));
    CHECK(budget.used() == 500);
    lease.shrink_to(100);
    CHECK(budget.used() == 100);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("a place is granted while both places and memory are left") {
  MemoryBudget budget(1000);
  PaidPlaces many(100, 200, budget);
  CHECK(many.take(kGreedy) == Admission::kAdmitted);
  CHECK(many.take(kGreedy) == Admission::kAdmitted);
  CHECK(many.take(kGreedy) == Admission::kShareUsed);
  CHECK(many.used() == 2);
  PaidPlaces few(1, 200, budget);
  CHECK(few.take(kModest) == Admission::kAdmitted);
  CHECK(few.take(kModest) == Admission::kFull);
  CHECK(budget.used() == 600);
  many.give_back(kGreedy);
  few.give_back(kModest);
  CHECK(budget.used() == 200);
  CHECK(few.used() == 0);
}

TEST_CASE("what is left of short questions costs no lease") {
  MemoryBudget budget(0);
  TcpInput input(budget, kGreedy);
  CHECK(input.add(octets_of(std::string(TcpInput::kPrepaid, 'x'))));
  CHECK_FALSE(input.add(octets_of("y")));
}

TEST_CASE("a long message leases what has come of it, until it is taken") {
  MemoryBudget budget(1 << 20);
  TcpInput input(budget, kGreedy);
  const std::string part(TcpInput::kGrain, 'x');
  for (int i = 1; i <= 8; ++i) {
    CHECK(input.add(octets_of(part)));
    CHECK(input.octets().size() == i * part.size());
    CHECK(budget.used() >= input.octets().size());
    CHECK(budget.used() <= input.octets().size() + TcpInput::kGrain);
  }
  input.drop(8 * part.size());
  CHECK(input.empty());
  CHECK(budget.used() == 0);
}

TEST_CASE("answers that wait lease a piece at a time, and give it back") {
  MemoryBudget budget(1 << 20);
  TcpOutput output(budget, kGreedy);
  std::string sent;
  for (int i = 0; i < 10; ++i) {
    const std::string answer(3000, static_cast<char>('a' + i));
    CHECK(output.add(octets_of(answer)));
    sent += answer;
  }
  CHECK(budget.used() == 4 * TcpOutput::kPiece);
  std::string received;
  while (!output.empty()) {
    const auto front = output.front().first(
        std::min<std::size_t>(output.front().size(), 5000));
    received.append(front.begin(), front.end());
    output.drop(front.size());
  }
  CHECK(received == sent);
  CHECK(budget.used() == 0);
}

TEST_CASE("when the budget is used up, no more answers are kept") {
  MemoryBudget budget(10 * TcpOutput::kPiece);
  TcpOutput output(budget, kGreedy);
  CHECK(output.add(octets_of(std::string(5 * TcpOutput::kPiece, 'x'))));
  CHECK_FALSE(output.add(octets_of("y")));
}

TEST_CASE("a cgroup's memory limit bounds what this process may take") {
  const TestFolder root;
  CHECK(granted_memory(root.path()) > 0);
  SUBCASE("version 2, in a group above ours") {
    root.write("proc/self/cgroup", "0::/pods/one\n");
    root.write("sys/fs/cgroup/pods/memory.max", "1048576\n");
    root.write("sys/fs/cgroup/pods/one/memory.max", "max\n");
    CHECK(granted_memory(root.path()) == 1 << 20);
  }
  SUBCASE("version 2, in a container, whose path is not there") {
    root.write("proc/self/cgroup", "0::/\n");
    root.write("sys/fs/cgroup/memory.max", "1048576\n");
    CHECK(granted_memory(root.path()) == 1 << 20);
  }
  SUBCASE("version 1") {
    root.write("proc/self/cgroup", "4:memory:/pod\n");
    root.write("sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "1048576\n");
    CHECK(granted_memory(root.path()) == 1 << 20);
  }
}

TEST_CASE("clients may fill an eighth of the memory, within bounds") {
  CHECK(MemoryPlan(170 << 20).waiting == (170 << 20) / 8);
  CHECK(MemoryPlan(1 << 20).waiting == 8 << 20);
  CHECK(MemoryPlan(std::uint64_t{64} << 30).waiting == 64 << 20);
}

}  // namespace
}  // namespace canopy
