// Octets that wait until a connection's client reads them.  The octets are kept
// in pieces of one size, so that no piece is copied and each is freed once it
// is sent.  All of them are leased from the memory budget.  On the worker's
// thread only.
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
  // Returns false when the budget refuses.  Nothing more may then be sent,
  // because a part of a message may be queued.
  bool add(std::span<const std::uint8_t> octets);
  // REQUIRES: !empty().
  std::span<const std::uint8_t> front() const;
  // Removes the first `count` octets of front().
  void drop(std::size_t count);

 private:
  using Piece = std::vector<std::uint8_t>;  // capacity: kPiece

  std::list<Piece> pieces_;
  std::size_t sent_ = 0;  // octets of the first piece
  MemoryLease lease_;
};

}  // namespace canopy
