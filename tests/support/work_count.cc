#include "tests/support/work_count.h"

#include <cstdlib>
#include <new>

namespace {

thread_local canopy::test::Work work;

void* counted(std::size_t size) {
  ++work.allocations;
  work.octets += size;
  return std::malloc(size == 0 ? 1 : size);
}

void* allocated(std::size_t size) {
  void* const memory = counted(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

canopy::test::Work canopy::test::work_so_far() { return work; }

// Replaces the function that the compiler calls at the start of each basic
// block. libFuzzer defines that function itself, so the linker redirects calls
// to this.
extern "C" void __wrap___sanitizer_cov_trace_pc() { ++work.blocks; }

void* operator new(std::size_t size) { return allocated(size); }
void* operator new[](std::size_t size) { return allocated(size); }
// All forms are replaced, because memory from one form may be freed by another.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
