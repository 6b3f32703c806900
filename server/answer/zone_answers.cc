#include "server/answer/zone_answers.h"

#include <algorithm>

#include "server/answer/endless_chain.h"
#include "server/answer/staleness.h"

namespace canopy {

ZoneAnswers::Found ZoneAnswers::find(const Resolution& resolution) {
  using What = Found::What;
  if (resolution.block.hosts) {
    const auto found = find_in_hosts(resolution);
    if (found) return *found;
  }
  const Query& query = resolution.looked_up;
  const ZoneSet& zones = resolution.zones;
  const Zone* const zone = zones.closest_to(query.qname);
  if (zone == nullptr || !resolution.block.serves_zones) return {};
  look_up(*zone, resolution);
  const bool asks_others = resolution.block.forwards();
  if (asks_others && falls_through(*zone, zones)) {
    return {.what = What::kFallsThrough};
  }
  if (answer_.rcode == Rcode::kNxDomain && !zones.is_complete()) {
    static const ExtendedError error{
        InfoCode::kNotReady, "the cluster's Services are not all loaded yet"};
    return failure(resolution, error);
  }

  Found found{.what = What::kAnswer};
  found.said.answer = encode_answer(query, answer_, rotation_.next(), writer_);
  if (writer_.is_cut()) count_cut(resolution.arrival.transport);
  if (answer_.unfinished != nullptr && asks_others) {
    found.what = What::kLeadsOut;
    found.target = answer_.unfinished;
    return found;
  }
  // NXDOMAIN is not cached: there is no end of such names, and the tree answers
  // as fast as the cache.  Partial answers are not cached either: each client
  // gets a different part, and making one costs no more than sending it.
  found.may_be_kept = resolution.block.caches() &&
                      answer_.rcode == Rcode::kNoError && !writer_.is_cut();
  found.said.form.error = remark(query, zones, answer_.rcode);
  if (answer_.rcode == Rcode::kServFail) {
    found.said.form.error = &endless_.emplace(endless_chain(answer_));
  }
  return found;
}

// A reverse zone lacks most names, so upstreams are asked for all names without
// data, even before the cluster's data is in.
bool ZoneAnswers::falls_through(const Zone& zone, const ZoneSet& zones) const {
  if (!zone.falls_through() || answer_.unfinished != nullptr) return false;
  if (zone.is_reverse()) return !answer_.name_has_data;
  return answer_.rcode == Rcode::kNxDomain && zones.is_complete();
}

std::optional<ZoneAnswers::Found> ZoneAnswers::find_in_hosts(
    const Resolution& resolution) {
  static const ExtendedError error{
      InfoCode::kOther,
      "the directive hosts lacks this name and has no fallthrough for it"};
  const Query& query = resolution.looked_up;
  const Block& block = resolution.block;
  answer_.clear();
  answer_.recursion_available = block.forwards();
  switch (block.hosts->find(query.qname, query.qtype, answer_)) {
    case HostsTable::Found::kNothing:
      return std::nullopt;
    case HostsTable::Found::kLacksName:
      return failure(resolution, error);
    case HostsTable::Found::kAnswer:
      break;
  }
  return Found{.what = Found::What::kAnswer,
               .said = {.answer = encode_answer(query, answer_,
                                                rotation_.next(), writer_)},
               .may_be_kept = block.caches()};
}

void ZoneAnswers::finish_in_hosts(const Resolution& resolution) {
  const NameView target(answer_.unfinished);
  const SharedHosts& hosts = resolution.listener.block_for(target).hosts;
  if (!hosts) return;
  const RrType qtype = resolution.looked_up.qtype;
  if (hosts->find(target, qtype, answer_) == HostsTable::Found::kAnswer) {
    answer_.unfinished = nullptr;
  }
}

ZoneAnswers::Found ZoneAnswers::failure(const Resolution& resolution,
                                        const ExtendedError& error) {
  const std::uint16_t flags = resolution.block.forwards() ? flag::kRa : 0;
  return {.what = Found::What::kAnswer,
          .said = {.answer = empty_answer(resolution.looked_up,
                                          Rcode::kServFail, flags, writer_),
                   .form = {.error = &error}}};
}

void ZoneAnswers::count_cut(Transport transport) {
  (transport == Transport::kUdp ? counters_.truncated : counters_.oversized)
      .add();
}

bool ZoneAnswers::still_begins(const EncodedAnswer& whole,
                               const Resolution& resolution) {
  // A template may have begun it, and the zones ended it.
  if (resolution.block.templates) return false;
  const Query& query = resolution.looked_up;
  const Zone* const zone = resolution.zones.closest_to(query.qname);
  if (zone == nullptr) return false;
  look_up(*zone, resolution);
  if (answer_.unfinished == nullptr) {
    return falls_through(*zone, resolution.zones);
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

void ZoneAnswers::look_up(const Zone& zone, const Resolution& resolution) {
  const Query& query = resolution.looked_up;
  const Transport transport = resolution.arrival.transport;
  answer_.clear();
  answer_.recursion_available = resolution.block.forwards();
  if (transport == Transport::kUdp) {
    answer_.room = room_for_records(query, transport);
  }
  resolution.zones.lookup(zone, query.qname, query.qtype, answer_);
  for (int link = 1; link <= answer_.chain_length; ++link) {
    const Name& target = answer_.names[static_cast<std::size_t>(link) - 1];
    if (target.view().is_subdomain_of(zone.apex()) &&
        !resolution.listener.block_for(target).serves_zones) {
      answer_.leave_after(link);
    }
  }
  if (answer_.unfinished != nullptr) finish_in_hosts(resolution);
}

}  // namespace canopy
