#include "server/workers/memory_return.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace canopy {
namespace {

using std::chrono::seconds;

std::size_t resident_octets() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t pages = 0;
  file >> all >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Small blocks followed by another one, so that malloc keeps the freed memory.
class Flood {
 public:
  explicit Flood(std::size_t octets) {
    for (std::size_t i = 0; i < octets / kBlock; ++i) {
      blocks_.push_back(std::make_unique<char[]>(kBlock));
    }
    behind_ = std::make_unique<char[]>(kBlock);
  }
  void end() { blocks_.clear(); }

 private:
  static constexpr std::size_t kBlock = 4000;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::unique_ptr<char[]> behind_;
};

// A sanitizer keeps freed memory, to find uses after free.
#ifndef CANOPYDNS_SANITIZED
TEST_CASE("memory goes back when what was used of the budget is free again") {
  constexpr std::size_t kOctets = 32 << 20;
  MemoryReturn memory;
  TimePoint now{seconds(100)};
  memory.look(0, now);
  const std::size_t before = resident_octets();
  Flood flood(kOctets);
  memory.look(kOctets, now += seconds(10));
  CHECK(resident_octets() > before + kOctets / 2);
  flood.end();
  CHECK(resident_octets() > before + kOctets / 2);
  memory.look(0, now += seconds(10));
  CHECK(resident_octets() < before + kOctets / 4);
}

TEST_CASE("memory that something else took goes back once it grows no more") {
  constexpr std::size_t kOctets = 32 << 20;
  MemoryReturn memory;
  TimePoint now{seconds(100)};
  memory.look(0, now);
  const std::size_t before = resident_octets();
  Flood(kOctets).end();
  Flood flood(kOctets);
  flood.end();
  memory.look(0, now += seconds(10));
  memory.look(0, now += seconds(10));
  CHECK(resident_octets() < before + kOctets / 4);
}

// Like the threads of watches, which use large blocks for large objects.
TEST_CASE("large blocks go back, whichever thread freed them") {
  constexpr std::size_t kObject = 8 << 20;
  constexpr int kThreads = 3;
  return_large_blocks();
  MemoryReturn memory;
  TimePoint now{seconds(100)};
  memory.look(0, now);
  const std::size_t before = resident_octets();
  std::latch freed(kThreads);
  std::latch seen(1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int times = 0; times < 3; ++times) {
        std::string object;
        while (object.size() < kObject) object.append(4096, 'x');
      }
      freed.count_down();
      seen.wait();
    });
  }
  freed.wait();
  memory.look(0, now += seconds(10));
  memory.look(0, now += seconds(10));
  CHECK(resident_octets() < before + kObject);
  seen.count_down();
}
#endif

}  // namespace
}  // namespace canopy
