// The forwarders of all workers, so that identical questions meet at one of
// them, and what they know together.  Filled before the workers start, never
// changed after.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/random_octets.h"
#include "server/upstream_conditions.h"
#include "zones/name.h"

namespace canopy {

class CaresForwarder;

class ForwarderPool {
 public:
  explicit ForwarderPool(SayChanges say = SayChanges::kYes)
      : conditions_(say), seed_(RandomOctets().next64()) {}

  UpstreamConditions& conditions() { return conditions_; }
  const UpstreamConditions& conditions() const { return conditions_; }

  // Returns its index.
  std::size_t add(boost::asio::io_context& io, CaresForwarder& forwarder) {
    members_.push_back({&io, &forwarder});
    return members_.size() - 1;
  }

  std::size_t owner_of(std::string_view key) const {
    const auto* const octets =
        reinterpret_cast<const std::uint8_t*>(key.data());
    return hash_folded({octets, key.size()}, seed_) % members_.size();
  }

  // Calls `act(forwarder)` on that worker's thread, later.
  template <typename Act>
  void post(std::size_t index, Act act) const {
    boost::asio::post(*members_[index].io,
                      [forwarder = members_[index].forwarder,
                       act = std::move(act)]() mutable { act(*forwarder); });
  }

 private:
  struct Member {
    boost::asio::io_context* io;
    CaresForwarder* forwarder;
  };

  UpstreamConditions conditions_;
  const std::uint64_t seed_;  // so that nobody outside can aim at one worker
  std::vector<Member> members_;
};

}  // namespace canopy
