// A bounded number of places, shared so that no client keeps others out: one
// is admitted while it holds fewer than are free.  A single client so gets half
// of all, two a third each, and with none about the others have the most.
//
// Not for more than one thread at a time.
#pragma once

#include <cstddef>
#include <map>

#include "server/client.h"

namespace canopy {

enum class Admission : std::uint8_t {
  kAdmitted,
  kShareUsed,  // others still find a place
  kFull,
};

class ClientShares {
 public:
  explicit ClientShares(std::size_t places) : places_(places) {}

  // One place, if it is admitted.
  Admission take(Client client) {
    if (used_ >= places_) return Admission::kFull;
    const auto found = held_.find(client);
    const std::size_t holds = found == held_.end() ? 0 : found->second;
    if (holds >= places_ - used_) return Admission::kShareUsed;
    ++held_[client];
    ++used_;
    return Admission::kAdmitted;
  }

  // REQUIRES: the client holds one.
  void give_back(Client client) {
    const auto found = held_.find(client);
    if (--found->second == 0) held_.erase(found);
    --used_;
  }

  std::size_t used() const { return used_; }

 private:
  const std::size_t places_;
  std::size_t used_ = 0;
  std::map<Client, std::size_t> held_;  // in order: nobody can make it slow
};

}  // namespace canopy
