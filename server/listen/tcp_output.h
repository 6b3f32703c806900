// Octets that a connection's client has not taken yet, in pieces of one size,
// so that none is ever copied and each goes back as soon as it is sent.  All of
// it is leased.  On the worker's thread only.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "server/limits/memory_budget.h"

namespace canopy {

class TcpOutput {
 public:
  static constexpr std::size_t kPiece = 8 << 10;

  TcpOutput(MemoryBudget& budget, Client client) : lease_(budget, client) {}

  bool empty() const { return pieces_.empty(); }
  // False when the budget refuses: nothing more can be sent, for a part of a
  // message may be there.
  bool add(std::span<const std::uint8_t> octets);
  // REQUIRES: not empty.
  std::span<const std::uint8_t> front() const;
  // The first of front() were sent.
  void drop(std::size_t count);

 private:
  using Piece = std::vector<std::uint8_t>;  // of capacity kPiece

  std::list<Piece> pieces_;
  std::size_t sent_ = 0;  // of the first
  MemoryLease lease_;
};

}  // namespace canopy
