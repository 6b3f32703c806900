// A zone's SOA record, encoded for negative responses (RFC 2308 3).  Only the
// compression pointers to the zone's name are missing: they depend on the
// question, which ends in that name.
//
// Immutable: any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "zones/name.h"
#include "zones/rrset.h"

namespace canopy {

class EncodedSoa {
 public:
  // `rdata` is the complete rdata of the SOA (RFC 1035 3.3.13).
  EncodedSoa(const Name& apex, std::uint32_t ttl, const Octets& rdata);

  const Name& apex() const { return apex_; }
  std::size_t size() const { return octets_.size(); }
  static constexpr std::size_t kTtlOffset = 6;  // after pointer, type, class

  // Writes size() octets to `to`.  The zone's name starts at octet `apex_at` of
  // the message.
  void write(std::uint8_t* to, std::size_t apex_at) const;

 private:
  void append(NameView name);
  void append_pointer();

  Name apex_;
  Octets octets_;
  std::vector<std::uint16_t> pointers_;  // offsets in octets_
};

}  // namespace canopy
