// An encoded answer that owns its memory, with its extended errors.  The memory
// is reused for the next answer.  A value; one thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "cache/ttl_range.h"
#include "zones/answer.h"
#include "zones/encoded_answer.h"

namespace canopy {

class AnswerCopy {
 public:
  EncodedAnswer answer() const;
  void assign(const EncodedAnswer& answer);
  void set_ttls(std::uint32_t seconds);
  // Changes the TTLs from number `first` on that are out of range.
  void clamp_ttls(std::size_t first, const TtlRange& range);

  // The extended errors to send with the answer: why it is stale or failed, and
  // those of the upstream.  Most answers have no errors, and then use no memory
  // for them.
  bool has_error() const { return layout_.error_size != 0; }
  ExtendedError error() const;
  // REQUIRES: an answer is assigned, and `theirs` has only a few errors.  Long
  // text is cut.
  void set_error(const ExtendedError& error);

 private:
  friend class AnswerCache;

  // The layout of octets_: message, TTL offsets, RRset spans, errors, each at
  // an even offset.
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
