// Memory for what a LabelTree is made of: many small blocks of a few sizes,
// without the header malloc gives to each.  What is given back serves the
// next block of that size; nothing returns to the system before the pool goes.
//
// Threads: one at a time, as the trees.
#pragma once

#include <boost/pool/pool.hpp>
#include <cstddef>
#include <deque>

namespace canopy {

class NodePool {
 public:
  NodePool();
  NodePool(const NodePool&) = delete;
  NodePool& operator=(const NodePool&) = delete;

  // Aligned for pointers.
  void* allocate(std::size_t octets);
  // REQUIRES: `octets` is what it was allocated with.
  void release(void* block, std::size_t octets);

 private:
  boost::pool<>* pool_for(std::size_t octets);

  std::deque<boost::pool<>> pools_;  // of blocks of 8, 16, 24... octets
};

}  // namespace canopy
