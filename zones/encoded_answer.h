// An answer as octets, with a map of what a reply changes in it: TTLs that
// age, whole RRsets that are left out when they do not fit, addresses whose
// order rotates.  Borrowed; says nothing of whose memory it is.
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
  bool rotates;
};

struct EncodedAnswer {
  // Header, question, records.  No OPT; ID, RD and CD are zero.
  std::span<const std::uint8_t> message;
  std::span<const std::uint16_t> ttl_offsets;
  std::span<const RrsetSpan> rrsets;
};

}  // namespace canopy
