#include "zones/node_pool.h"

#include <new>

namespace canopy {
namespace {

constexpr std::size_t kStep = 8;
constexpr std::size_t kLargest = 320;
// Blocks that a pool allocates at a time: few at first, then more.
constexpr std::size_t kFewest = 32;
constexpr std::size_t kMost = 512;

// A sanitizer tracks a block only if the block is allocated separately.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPools = false;
#elif defined(__has_feature)
constexpr bool kPools = !__has_feature(address_sanitizer);
#else
constexpr bool kPools = true;
#endif

}  // namespace

NodePool::NodePool() {
  for (std::size_t size = kStep; size <= kLargest; size += kStep) {
    pools_.emplace_back(size, kFewest, kMost);
  }
}

boost::pool<>* NodePool::pool_for(std::size_t octets) {
  if (!kPools || octets > kLargest) return nullptr;
  return &pools_[(octets - 1) / kStep];
}

void* NodePool::allocate(std::size_t octets) {
  boost::pool<>* pool = pool_for(octets);
  if (pool == nullptr) return ::operator new(octets);
  void* block = pool->malloc();
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void NodePool::release(void* block, std::size_t octets) {
  boost::pool<>* pool = pool_for(octets);
  if (pool == nullptr) return ::operator delete(block);
  pool->free(block);
}

}  // namespace canopy
