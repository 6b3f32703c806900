// Shares a bounded number of places or octets fairly, so that no client can
// exclude others.  A client is granted more while it holds less than is free.
// Therefore a single client gets half of the total, two clients get a third
// each, and n clients get 1/(n+1) each.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace canopy {

enum class Admission : std::uint8_t {
  kAdmitted,
  kShareUsed,  // some is left for others
  kFull,
};

// `Client` is the key that identifies a client.
template <typename Client>
class FairShares {
 public:
  explicit FairShares(std::size_t total) : total_(total) {}

  // Grants all of `wanted` (at least 1) or nothing.
  Admission take(const Client& client, std::size_t wanted = 1) {
    const std::size_t free = total_ - used_;
    if (wanted > free) return Admission::kFull;
    const auto found = held_.find(client);
    const std::size_t holds = found == held_.end() ? 0 : found->second;
    // After a grant, the client holds at most 1 more than is free.
    if (holds + 2 * wanted > free + 1) return Admission::kShareUsed;
    held_[client] += wanted;
    used_ += wanted;
    return Admission::kAdmitted;
  }

  // REQUIRES: the client holds at least `amount`.
  void give_back(const Client& client, std::size_t amount = 1) {
    const auto found = held_.find(client);
    found->second -= amount;
    if (found->second == 0) held_.erase(found);
    used_ -= amount;
  }

  std::size_t total() const { return total_; }
  std::size_t used() const { return used_; }

 private:
  const std::size_t total_;
  std::size_t used_ = 0;
  // Clients that hold something.  An ordered map, because hash collisions could
  // make an unordered one slow.
  std::map<Client, std::size_t> held_;
};

}  // namespace canopy
