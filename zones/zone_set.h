// All zones that we are authoritative for, as of one moment.  Immutable once
// published; successive sets share the structure that did not change.
#pragma once

#include <cstdint>
#include <vector>

#include "zones/zone.h"

namespace canopy {

// Goes up by one with each publish.  The low 32 bits are the SOA serial of the
// zones (RFC 1982).
using Serial = std::uint64_t;

class ZoneSet {
 public:
  ZoneSet(std::vector<ZoneOptions> zones, Serial serial);

  Serial serial() const { return serial_; }
  // False until the first full sync.  Until then an absent name may still
  // exist.
  bool is_complete() const { return complete_; }
  // The most specific zone that contains `qname`; null when there is none.
  const Zone* closest_to(NameView qname) const;
  // Does Zone::lookup in `zone`, which is one of this set.  If CNAMEs lead into
  // another of our zones that has the name, the lookup continues there.
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
