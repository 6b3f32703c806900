// What the zones say.  On one worker's thread.
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
  // `stale` is true while the zones come from a snapshot; null: never.
  ZoneAnswers(QueryCounters& counters, const std::atomic<bool>* stale)
      : counters_(counters), stale_(stale) {}

  struct Found {
    enum class What : std::uint8_t {
      kNotOurs,   // no zone has the name
      kAnswer,    // `said` is it
      kLeadsOut,  // `said` is CNAMEs, which lead out of the zones to `target`
      kFallsThrough,  // the zone lacks the name, someone else may have it
    };
    What what = What::kNotOurs;
    Said said{};
    const std::uint8_t* target = nullptr;
    // The cache may give it to any client until other zones are published.
    bool may_be_kept = false;
  };
  // Where a block asks no upstreams, nothing leads out.
  Found find(const Resolution& resolution);

  // An upstream completed the answer `whole` that a zone began.  Does the
  // published zone still begin it the same way?
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
  // Asks the zone, into answer_.
  void look_up(const Zone& zone, const Resolution& resolution);
  Found not_ready(const Resolution& resolution);
  void count_cut(Transport transport);

  QueryCounters& counters_;
  const std::atomic<bool>* const stale_;

  // Memory that serves every question.
  Answer answer_;
  MessageWriter writer_;
  Rotation rotation_;
  std::optional<ExtendedError> endless_;
};

}  // namespace canopy
