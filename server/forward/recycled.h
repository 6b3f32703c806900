// Memory for objects of one class that are allocated and freed all the time:
// each thread keeps the last ones it freed for reuse, which is faster than
// malloc.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace canopy {

// class T : Recycled<T>.  Blocks are taken and given back by any thread; each
// keeps a bounded number.
template <typename T>
class Recycled {
 public:
  static void* operator new(std::size_t size) {
    auto& free = blocks().free;
    if (size != sizeof(T) || free.empty()) return ::operator new(size);
    void* const block = free.back();
    free.pop_back();
    return block;
  }
  static void operator delete(void* block, std::size_t size) {
    auto& free = blocks().free;
    if (size != sizeof(T) || free.size() == kMost) {
      return ::operator delete(block);
    }
    free.push_back(block);
  }

 private:
#ifdef CANOPYDNS_SANITIZED
  static constexpr std::size_t kMost = 0;  // they look at each block's life
#else
  static constexpr std::size_t kMost = 256;
#endif

  struct Blocks {
    Blocks() { free.reserve(kMost); }
    Blocks(const Blocks&) = delete;
    Blocks& operator=(const Blocks&) = delete;
    ~Blocks() {
      for (void* const block : free) ::operator delete(block);
    }
    std::vector<void*> free;
  };
  static Blocks& blocks() {
    thread_local Blocks blocks;
    return blocks;
  }
};

}  // namespace canopy
