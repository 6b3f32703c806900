// A bounded number of places or octets, shared so that no client keeps others
// out: one is granted more while it holds less than is free.  A single client
// so gets half of all, two a third each, and with none about the others have
// the most.
//
// Not for more than one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace canopy {

enum class Admission : std::uint8_t {
  kAdmitted,
  kShareUsed,  // others still find some
  kFull,
};

// `Client` is the key that identifies a client.
template <typename Client>
class FairShares {
 public:
  explicit FairShares(std::size_t total) : total_(total) {}

  // All of `wanted`, at least 1, if it is admitted; else nothing.
  Admission take(const Client& client, std::size_t wanted = 1) {
    const std::size_t free = total_ - used_;
    if (wanted > free) return Admission::kFull;
    const auto found = held_.find(client);
    const std::size_t holds = found == held_.end() ? 0 : found->second;
    // Afterwards it holds no more than is free, or 1 more.
    if (holds + 2 * wanted > free + 1) return Admission::kShareUsed;
    held_[client] += wanted;
    used_ += wanted;
    return Admission::kAdmitted;
  }

  // REQUIRES: the client holds as much.
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
  // In order: nobody can make it slow.  Only clients that hold something.
  std::map<Client, std::size_t> held_;
};

}  // namespace canopy
