// Recycles the memory of one class whose objects are allocated and freed often.
// Each thread keeps the last blocks it freed, which is faster than malloc.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace canopy {

// Usage: class T : Recycled<T>.  Any thread may allocate and free; each keeps a
// bounded number of blocks.
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
  // Sanitizers check the lifetime of each block, so none is reused.
  static constexpr std::size_t kMost = 0;
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
