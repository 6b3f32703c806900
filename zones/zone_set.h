// Every zone we are authoritative for, as it was at one moment.  Immutable
// once published; sets share the structure that did not change between them.
#pragma once

#include <cstdint>
#include <vector>

#include "zones/zone.h"

namespace canopy {

// Counts publishes.  Its low 32 bits are the zones' SOA serial (RFC 1982).
using Serial = std::uint64_t;

class ZoneSet {
 public:
  ZoneSet(std::vector<ZoneOptions> zones, Serial serial);

  Serial serial() const { return serial_; }
  // False until the first full sync: then an absent name may yet exist.
  bool is_complete() const { return complete_; }
  // The zone `qname` is in, the most specific one; null when none.
  const Zone* closest_to(NameView qname) const;
  // As Zone::lookup of `zone`, one of these; where CNAMEs lead into another
  // zone of ours that has the name, goes on there.
  void lookup(const Zone& zone, NameView qname, RrType qtype,
              Answer& answer) const;
  const std::vector<Zone>& zones() const { return zones_; }

 private:
  friend class ZoneStore;

  std::vector<Zone> zones_;
  Serial serial_;
  bool complete_ = false;
};

}  // namespace canopy
