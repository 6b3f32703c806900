// The health of all upstreams, shared by the workers, and the loop checks that
// are in flight.  Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/forward/upstream_health.h"
#include "server/net/random_octets.h"
#include "server/observe/upstream_counters.h"
#include "zones/time_point.h"

namespace canopy {

class UpstreamRegistry {
 public:
  UpstreamRegistry(SayChanges say, QueryCase query_case)
      : say_(say), query_case_(query_case) {}

  // Returns the health for this server and domain.  `edition` is that of the
  // plan that names it; upstreams of older plans are no longer listed.
  std::shared_ptr<UpstreamHealth> of(const Name& domain,
                                     const SocketAddress& endpoint,
                                     std::uint64_t edition);
  // Reports the upstreams of the current plan.
  std::vector<UpstreamReport> in_use() const;

  // --- loops ---
  // Returns a random name to ask the upstream for.  A query for it that arrives
  // here has looped.  Nothing when the name would be too long.
  std::optional<Name> start_loop_check(
      const std::shared_ptr<UpstreamHealth>& health, RandomOctets& random);
  // True when a client's query is one of our loop checks.  For other queries
  // this costs a look at two octets.
  bool is_loop_check(const Name& qname) {
    const auto wire = qname.wire();
    return wire.size() > kTokenSize + 1 && wire[0] == kTokenSize &&
           wire[kTokenSize + 1] == kLoopLabel.size() && came_back(qname);
  }
  // The loop check was answered, or failed.
  void end_loop_check(const Name& name, bool answered, TimePoint now);

 private:
  static constexpr std::size_t kTokenSize = 32;  // hexadecimal digits
  static constexpr std::string_view kLoopLabel = "canopydns-loop";

  struct LoopCheck {
    std::shared_ptr<UpstreamHealth> health;
    bool came_back = false;
  };

  bool came_back(const Name& qname);

  struct Item {
    std::shared_ptr<UpstreamHealth> health;
    std::uint64_t edition = 0;
  };

  const SayChanges say_;
  const QueryCase query_case_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, SocketAddress>, Item> items_;
  std::uint64_t latest_ = 0;
  std::map<std::string, LoopCheck> loop_checks_;  // by name, in lower case
};

}  // namespace canopy
