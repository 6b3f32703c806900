#include "zones/zone_set.h"

#include <algorithm>

namespace canopy {

ZoneSet::ZoneSet(std::vector<ZoneOptions> zones, Serial serial)
    : serial_(serial) {
  // The longest apex first, so that the first that fits is the closest.
  std::ranges::sort(zones, std::greater<>(), [](const ZoneOptions& options) {
    return options.apex.view().label_count();
  });
  for (const ZoneOptions& options : zones) zones_.emplace_back(options);
}

const Zone* ZoneSet::closest_to(NameView qname) const {
  for (const Zone& zone : zones_) {
    if (qname.is_subdomain_of(zone.apex())) return &zone;
  }
  return nullptr;
}

}  // namespace canopy
