// Octets that a connection received and that are not processed yet: the
// beginning of a message, or whole queries that wait until the client reads its
// answers.  The first kPrepaid octets are part of the connection's cost; more
// are leased from the memory budget.  On the worker's thread only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/limits/memory_budget.h"

namespace canopy {

class TcpInput {
 public:
  // This many octets need no lease.
  static constexpr std::size_t kPrepaid = 4096;
  // A lease grows by this many octets, or to the size of the message.
  static constexpr std::size_t kGrain = 8 << 10;

  TcpInput(MemoryBudget& budget, Client client) : lease_(budget, client) {}

  bool empty() const { return octets_.empty(); }
  std::span<const std::uint8_t> octets() const { return octets_; }
  // Reserves memory as the octets of a long message arrive.  The announced
  // length alone reserves nothing.  Returns false when the budget refuses.
  bool add(std::span<const std::uint8_t> more);
  // Removes the first `count` octets.
  void drop(std::size_t count);

 private:
  std::vector<std::uint8_t> octets_;
  MemoryLease lease_;
};

}  // namespace canopy
