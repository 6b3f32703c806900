// An answer as octets, with a map of the parts that a reply changes: TTLs are
// aged, records that do not fit are left out, and the order of addresses is
// rotated.  Borrows its memory from the maker.
#pragma once

#include <cstdint>
#include <span>

#include "zones/answer.h"

namespace canopy {

// Adjacent records of one owner and type.
struct RrsetSpan {
  std::uint16_t offset;  // from the message's start
  std::uint16_t size;    // octets, all records
  std::uint16_t count;   // records
  Section section;
  // True for A and AAAA records of equal size: their order may be rotated.
  bool rotates : 1;
  // True when no record points into another, so that any subset of the records
  // can be sent in any order.  Their sizes may differ.
  bool movable : 1 = false;
};

struct EncodedAnswer {
  // Header, question, records.  No OPT; ID, RD and CD are zero.
  std::span<const std::uint8_t> message;
  std::span<const std::uint16_t> ttl_offsets;
  std::span<const RrsetSpan> rrsets;
};

}  // namespace canopy
