#include "server/limits/client_rates.h"

#include <algorithm>
#include <utility>

#include "server/net/random_octets.h"

namespace canopy {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Mixes the bits: each bit of the result depends on each bit of the number
// (splitmix64).
std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

}  // namespace

ClientRates::ClientRates(std::uint32_t qps, std::vector<Client> free)
    : interval_(kSecond / qps),
      free_(std::move(free)),
      seed_(RandomOctets().next64()),
      sets_(kSets) {}

bool ClientRates::admits(Client client, TimePoint now) {
  const std::int64_t time =
      std::chrono::nanoseconds(now.time_since_epoch()).count();
  std::atomic<std::int64_t>& due = slot_of(client).due;
  std::int64_t before = due.load(std::memory_order_relaxed);
  std::int64_t after = 0;
  do {
    after = std::max(before, time) + interval_;
    if (after > time + kSecond) {
      return std::find(free_.begin(), free_.end(), client) != free_.end();
    }
  } while (
      !due.compare_exchange_weak(before, after, std::memory_order_relaxed));
  return true;
}

ClientRates::Slot& ClientRates::slot_of(Client client) {
  Set& set = sets_[mixed(std::uint64_t(client) ^ seed_) % kSets];
  for (Slot& slot : set) {
    if (slot.client.load(std::memory_order_relaxed) == client) return slot;
  }
  Slot& idlest = *std::min_element(
      set.begin(), set.end(), [](const Slot& a, const Slot& b) {
        return a.due.load(std::memory_order_relaxed) <
               b.due.load(std::memory_order_relaxed);
      });
  idlest.client.store(client, std::memory_order_relaxed);
  idlest.due.store(0, std::memory_order_relaxed);
  return idlest;
}

}  // namespace canopy
