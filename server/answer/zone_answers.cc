#include "server/answer/zone_answers.h"

#include <algorithm>

#include "server/answer/endless_chain.h"
#include "server/answer/staleness.h"

namespace canopy {

ZoneAnswers::Found ZoneAnswers::find(const Resolution& resolution) {
  using What = Found::What;
  const Query& query = resolution.looked_up;
  const Arrival& arrival = resolution.arrival;
  const ZoneSet& zones = resolution.zones;
  const Zone* const zone = zones.closest_to(query.qname);
  if (zone == nullptr || is_in_stub_domain(*zone, query.qname, arrival)) {
    return {};
  }
  look_up(*zone, zones, query, arrival);
  const bool asks_others = arrival.tier == Tier::kCache;
  // A reverse zone lacks most names; upstreams may have them.
  if (zone->falls_through() && asks_others && !answer_.name_has_data &&
      answer_.unfinished == nullptr) {
    return {.what = What::kFallsThrough};
  }
  if (answer_.rcode == Rcode::kNxDomain && !zones.is_complete()) {
    return not_ready(query, arrival);
  }

  Found found{.what = What::kAnswer};
  found.said.answer = encode_answer(query, answer_, rotation_.next(), writer_);
  if (writer_.is_cut()) count_cut(arrival.transport);
  if (answer_.unfinished != nullptr && asks_others) {
    found.what = What::kLeadsOut;
    found.target = answer_.unfinished;
    return found;
  }
  // Names that do not exist are not cached: there are endlessly many, and the
  // tree answers as fast as the cache.  Nor are partial answers: each client
  // gets a different part, and making one costs no more than sending it.
  found.may_be_kept =
      asks_others && answer_.rcode == Rcode::kNoError && !writer_.is_cut();
  found.said.form.error = remark(query, zones, answer_.rcode);
  if (answer_.rcode == Rcode::kServFail) {
    found.said.form.error = &endless_.emplace(endless_chain(answer_));
  }
  return found;
}

ZoneAnswers::Found ZoneAnswers::not_ready(const Query& query,
                                          const Arrival& arrival) {
  static const ExtendedError error{
      InfoCode::kNotReady, "the cluster's Services are not all loaded yet"};
  const std::uint16_t flags = arrival.tier == Tier::kCache ? flag::kRa : 0;
  return {
      .what = Found::What::kAnswer,
      .said = {.answer = empty_answer(query, Rcode::kServFail, flags, writer_),
               .form = {.error = &error}}};
}

void ZoneAnswers::count_cut(Transport transport) {
  (transport == Transport::kUdp ? counters_.truncated : counters_.oversized)
      .add();
}

bool ZoneAnswers::still_begins(const EncodedAnswer& whole, const Query& query,
                               const Arrival& arrival, const ZoneSet& zones) {
  const Zone* const zone = zones.closest_to(query.qname);
  if (zone == nullptr) return false;
  look_up(*zone, zones, query, arrival);
  if (answer_.unfinished == nullptr) {
    return zone->falls_through() && !answer_.name_has_data;
  }
  const std::size_t records = kHeaderSize + query.qname.size();
  const auto begun =
      encode_answer(query, answer_, 0, writer_).message.subspan(records);
  const auto now = whole.message.subspan(records);
  return begun.size() < now.size() &&
         std::ranges::equal(begun, now.first(begun.size()));
}

const ExtendedError* ZoneAnswers::snapshot_remark(const Query& query,
                                                  const ZoneSet& zones,
                                                  Rcode rcode) {
  const Zone* const zone = zones.closest_to(query.qname);
  return zone == nullptr ? nullptr : staleness(*zone, query.qname, rcode);
}

bool ZoneAnswers::is_in_stub_domain(const Zone& zone, NameView name,
                                    const Arrival& arrival) {
  // A reverse tree has single names of its domain, and asks for the others.
  return arrival.tier == Tier::kCache && !zone.falls_through() &&
         forwarder_.stub_domain_of(name).size() > zone.apex().size();
}

void ZoneAnswers::look_up(const Zone& zone, const ZoneSet& zones,
                          const Query& query, const Arrival& arrival) {
  answer_.clear();
  answer_.recursion_available = arrival.tier == Tier::kCache;
  if (arrival.transport == Transport::kUdp) {
    answer_.room = room_for_records(query, arrival.transport);
  }
  zones.lookup(zone, query.qname, query.qtype, answer_);
  for (int link = 1; link <= answer_.chain_length; ++link) {
    const Name& target = answer_.names[static_cast<std::size_t>(link) - 1];
    if (target.view().is_subdomain_of(zone.apex()) &&
        is_in_stub_domain(zone, target, arrival)) {
      return answer_.leave_after(link);
    }
  }
}

}  // namespace canopy
