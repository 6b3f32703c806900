// A zone's SOA record as it stands in most negative responses (RFC 2308 3):
// ready but for the pointers to the zone's name, which the question ends in.
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
  // `rdata` is the SOA's, in full (RFC 1035 3.3.13).
  EncodedSoa(const Name& apex, std::uint32_t ttl, const Octets& rdata);

  const Name& apex() const { return apex_; }
  std::size_t size() const { return octets_.size(); }
  static constexpr std::size_t kTtlOffset = 6;  // behind pointer, type, class

  // Writes size() octets, for a message whose octet `apex_at` starts the
  // zone's name.
  void write(std::uint8_t* to, std::size_t apex_at) const;

 private:
  void append(NameView name);
  void append_pointer();
  void append16(std::size_t value);

  Name apex_;
  Octets octets_;
  std::vector<std::uint16_t> pointers_;  // where they stand
};

}  // namespace canopy
