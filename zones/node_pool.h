// Memory for the nodes of a LabelTree: many small blocks of a few sizes,
// without malloc's header.  A freed block is reused for the next one of its
// size; nothing returns to the system before the pool is destroyed.
//
// Threads: one at a time, like the trees.
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

  // Returns memory that is aligned for pointers.
  void* allocate(std::size_t octets);
  // REQUIRES: `octets` is the size passed to allocate().
  void release(void* block, std::size_t octets);

 private:
  boost::pool<>* pool_for(std::size_t octets);

  std::deque<boost::pool<>> pools_;  // block sizes 8, 16, 24...
};

}  // namespace canopy
