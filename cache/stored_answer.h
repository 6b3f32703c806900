// An answer as it goes into the cache and comes out: a copy, whose memory
// serves again for the next one.  A value; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "zones/answer.h"
#include "zones/encoded_answer.h"
#include "zones/time_point.h"
#include "zones/zone_set.h"

namespace canopy {

// The properties of a cached answer, besides its octets.
struct AnswerFacts {
  enum class Origin : std::uint8_t {
    kZone,      // current while its serial is the published one
    kUpstream,  // lives by its TTL
    // Lives by its TTL, but a zone said where to look: a CNAME that led out
    // of it, or a fall-through zone that lacked the name.
    kUpstreamBehindZone,
  };

  Origin origin = Origin::kZone;
  Serial serial = 0;            // of the ZoneSet; 0 for kUpstream
  std::uint64_t upstreams = 0;  // Forwarder::edition() before asking
  TimePoint stored{};           // what TTLs count from
  TimePoint expires{};          // kZone: never reached
  // Of upstreams' answers.  Asked for from here on, it is worth fetching again
  // before it expires:
  TimePoint refresh = TimePoint::max();
  // Behind `expires`, but before this, it is better than no answer:
  TimePoint usable_until{};

  bool depends_on_zone() const { return origin != Origin::kUpstream; }
};

class StoredAnswer : public AnswerFacts {
 public:
  EncodedAnswer answer() const;
  void assign(const EncodedAnswer& answer);
  void set_ttls(std::uint32_t seconds);

  // The extended errors to send with the answer: why it is stale or failed, and
  // those of the upstream.  Most answers have none; that costs nothing.
  bool has_error() const { return layout_.error_size != 0; }
  ExtendedError error() const;
  // REQUIRES: an answer is assigned, and `theirs` are a few.  Long text is cut.
  void set_error(const ExtendedError& error);

 private:
  friend class AnswerCache;

  // Of the octets: message, then TTL offsets, then RRset spans, then the
  // errors, each at an even offset.
  struct Layout {
    std::uint16_t message_size = 0;
    std::uint16_t ttl_count = 0;
    std::uint16_t rrset_count = 0;
    std::uint16_t error_size = 0;

    std::size_t ttls() const { return message_size + message_size % 2U; }
    std::size_t rrsets() const {
      return ttls() + ttl_count * sizeof(std::uint16_t);
    }
    std::size_t error() const {
      return rrsets() + rrset_count * sizeof(RrsetSpan);
    }
  };

  Layout layout_;
  std::vector<std::uint8_t> octets_;
};

}  // namespace canopy
