#include "server/answer/staleness.h"

namespace canopy {
namespace {

// True for names below svc, pod and dns, which come from Kubernetes objects,
// and for reverse zones.  Other names are the domain's own.
bool is_made_of_objects(const Zone& zone, NameView qname) {
  if (zone.falls_through()) return true;  // a reverse tree
  const Labels labels = qname.labels();
  const std::size_t own = labels.size() - zone.apex().view().label_count();
  if (own < 2) return false;
  const std::string_view last = labels[own - 1];
  return equal_folded(last, "svc") || equal_folded(last, "pod") ||
         equal_folded(last, "dns");
}

}  // namespace

const ExtendedError* staleness(const Zone& zone, NameView qname, Rcode rcode) {
  static const ExtendedError answer{
      InfoCode::kStaleAnswer,
      "from a snapshot: the API server has not been reached since the start"};
  static const ExtendedError denial{InfoCode::kStaleNxDomain, answer.text};
  if (!is_made_of_objects(zone, qname)) return nullptr;
  return rcode == Rcode::kNxDomain ? &denial : &answer;
}

}  // namespace canopy
