#include "zones/zone_set.h"

#include <algorithm>

namespace canopy {

ZoneSet::ZoneSet(std::vector<ZoneOptions> zones, Serial serial)
    : serial_(serial) {
  // The longest apex comes first, so that the first match is the closest.
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

// RFC 1034 4.3.2 step 3a, "go back to step 1".  The loop ends because each zone
// follows at least one link, and a chain has at most kMaxChainLength links.
void ZoneSet::lookup(const Zone& zone, NameView qname, RrType qtype,
                     Answer& answer) const {
  zone.lookup(qname, qtype, answer);
  while (answer.unfinished != nullptr) {
    const NameView name(answer.unfinished);
    const Zone* const next = closest_to(name);
    if (next == nullptr) return;
    const int links = answer.chain_length;
    answer.unfinished = nullptr;
    next->lookup(name, qtype, answer);
    answer.encoded_soa = nullptr;  // only valid for questions in its zone
    const bool is_whole = answer.unfinished == nullptr;
    if (is_whole && next->falls_through() && !answer.name_has_data) {
      return answer.leave_after(links);  // another server may have the name
    }
  }
}

}  // namespace canopy
