// Octets that a connection received and that are not processed yet: the
// beginning of a message, or whole queries that wait until the client reads its
// answers.  The first octets are part of the connection's cost; more are leased
// from the memory budget.  On the worker's thread only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/limits/memory_budget.h"

namespace canopy {

class TcpInput {
 public:
  // Without a lease.
  static constexpr std::size_t kPrepaid = 4096;
  // A lease grows by so many octets, or to the whole message.
  static constexpr std::size_t kGrain = 8 << 10;

  TcpInput(MemoryBudget& budget, Client client) : lease_(budget, client) {}

  bool empty() const { return octets_.empty(); }
  std::span<const std::uint8_t> octets() const { return octets_; }
  // Room comes with the octets of a long message, not with its length, which is
  // soon said.  False when the budget refuses it.
  bool add(std::span<const std::uint8_t> more);
  // The first of them were taken.
  void drop(std::size_t count);

 private:
  std::vector<std::uint8_t> octets_;
  MemoryLease lease_;
};

}  // namespace canopy
