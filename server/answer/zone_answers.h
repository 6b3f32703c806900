// Answers from hosts tables and the zones.  On one worker's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "server/answer/resolution.h"
#include "server/answer/rotation.h"
#include "server/answer/said.h"
#include "server/observe/query_counters.h"
#include "zones/answer.h"
#include "zones/message_writer.h"

namespace canopy {

class ZoneAnswers {
 public:
  // `stale` is true while the zones come from a snapshot.  Null: they never do.
  ZoneAnswers(QueryCounters& counters, const std::atomic<bool>* stale)
      : counters_(counters), stale_(stale) {}

  struct Found {
    enum class What : std::uint8_t {
      kNotOurs,   // no hosts table and no zone has the name
      kAnswer,    // `said` is the answer
      kLeadsOut,  // `said` holds CNAMEs that lead out of the zones to `target`
      kFallsThrough,  // the zone lacks the name; upstreams may have it
    };
    What what = What::kNotOurs;
    Said said{};
    const std::uint8_t* target = nullptr;
    // True when any client may get this answer from the cache until new zones
    // or a new plan are published.
    bool may_be_kept = false;
  };
  // Never returns kLeadsOut for a block without upstreams.
  Found find(const Resolution& resolution);

  // `whole` is an answer that a zone began and an upstream completed.  True
  // when the published zone still begins it the same way.
  bool still_begins(const EncodedAnswer& whole, const Resolution& resolution);

  // The extended error to send with a zone's answer.  Null unless the zones
  // come from an unconfirmed snapshot.
  const ExtendedError* remark(const Query& query, const ZoneSet& zones,
                              Rcode rcode) const {
    if (stale_ == nullptr || !stale_->load(std::memory_order_relaxed)) {
      return nullptr;
    }
    return snapshot_remark(query, zones, rcode);
  }

 private:
  static const ExtendedError* snapshot_remark(const Query& query,
                                              const ZoneSet& zones,
                                              Rcode rcode);
  // Looks the name up in `zone`; the result is in answer_.
  void look_up(const Zone& zone, const Resolution& resolution);
  // True when upstreams are asked instead of sending answer_, which the zone
  // gave.
  bool falls_through(const Zone& zone, const ZoneSet& zones) const;
  // Nothing: the block's hosts table has no part in the answer.
  std::optional<Found> find_in_hosts(const Resolution& resolution);
  // Completes the chain in answer_ if it leads to a name of a hosts table.
  void finish_in_hosts(const Resolution& resolution);
  // SERVFAIL.  `error` must outlive the result.
  Found failure(const Resolution& resolution, const ExtendedError& error);
  void count_cut(Transport transport);

  QueryCounters& counters_;
  const std::atomic<bool>* const stale_;

  // Buffers, reused for each query.
  Answer answer_;
  MessageWriter writer_;
  Rotation rotation_;
  std::optional<ExtendedError> endless_;
};

}  // namespace canopy
