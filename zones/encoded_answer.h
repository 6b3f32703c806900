// An answer as octets, with a map of what a reply changes in it: TTLs that
// age, records that are left out when they do not fit, addresses whose order
// rotates.  Borrowed; says nothing of whose memory it is.
#pragma once

#include <cstdint>
#include <span>

#include "zones/answer.h"

namespace canopy {

// Neighbouring records of one owner and type.
struct RrsetSpan {
  std::uint16_t offset;  // from the message's start
  std::uint16_t size;    // octets, all records
  std::uint16_t count;   // records
  Section section;
  // Records of one size whose order means nothing: A and AAAA.
  bool rotates : 1;
  // Whatever their size: no record points into another, so that some of them
  // can be sent in any order.
  bool movable : 1 = false;
};

struct EncodedAnswer {
  // Header, question, records.  No OPT; ID, RD and CD are zero.
  std::span<const std::uint8_t> message;
  std::span<const std::uint16_t> ttl_offsets;
  std::span<const RrsetSpan> rrsets;
};

}  // namespace canopy
