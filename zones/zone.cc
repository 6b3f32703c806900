#include "zones/zone.h"

#include <algorithm>
#include <unordered_set>

#include "zones/message_reader.h"
#include "zones/synthesis.h"

namespace canopy {
namespace {

using Node = LabelTree::Node;

Octets soa_rdata(const ZoneOptions& options, std::uint32_t serial) {
  Octets rdata;
  const auto append = [&rdata](NameView name) {
    rdata.insert(rdata.end(), name.wire().begin(), name.wire().end());
  };
  append(options.primary);
  append(options.responsible);
  for (const std::uint32_t field : {serial, options.refresh, options.retry,
                                    options.expire, options.negative_ttl}) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      rdata.push_back(static_cast<std::uint8_t>(field >> shift));
    }
  }
  return rdata;
}

// The name a CNAME, NS or SRV record points to.
NameView target_of(RrType type, std::span<const std::uint8_t> rdata) {
  return NameView(rdata.data() + (type == RrType::kSrv ? 6 : 0));
}

// Whether a message of `room` octets can hold all records of the RRset.  Reads
// no more records than fit.
bool fits(RrsetView rrset, std::size_t room) {
  if (rrset.always_fits()) return true;
  constexpr std::size_t kBesideRdata = 12;  // with a pointer as the owner
  std::size_t size = 0;
  RrsetView::Iterator rdata = rrset.begin();
  for (unsigned i = 0; i < rrset.count(); ++i, ++rdata) {
    size += kBesideRdata + (*rdata).size();
    if (size > room) return false;
  }
  return true;
}

// The approximate size of the RRset in a message.  Reads only one record.
std::size_t estimated_size(RrsetView rrset) {
  constexpr std::size_t kBesideRdata = 12;  // with a pointer as the owner
  return rrset.count() * (kBesideRdata + (*rrset.begin()).size());
}

// Whether continuing the CNAME chain with `name` would form a loop.
bool holds_link(const Answer& answer, NameView name) {
  return std::ranges::any_of(
      answer.entries, [name](const auto& link) { return link.owner == name; });
}

}  // namespace

Zone::Zone(const ZoneOptions& options)
    : options_(options),
      apex_labels_(options.apex.view().label_count()),
      is_reverse_(
          options.apex.view().is_subdomain_of(*Name::from_text("arpa"))),
      encoded_soa_(options.apex, options.negative_ttl, soa_rdata(options, 0)),
      tree_(options.target_suffix) {
  set_serial(0);
}

void Zone::set_serial(std::uint32_t serial) {
  soa_serial_ = serial;
  const Octets rdata = soa_rdata(options_, serial);
  soa_.clear();
  append_record(soa_, 1, {rdata});
  encoded_soa_ = EncodedSoa(options_.apex, options_.negative_ttl, rdata);
}

RrsetView Zone::soa() const {
  return {RrType::kSoa, options_.negative_ttl, 1, soa_.data(), kNoSuffix};
}

Zone::Match Zone::find(NameView name) const {
  const Labels labels = name.labels();
  Match match{&tree_.root(), labels.size() - apex_labels_};
  while (match.labels_left > 0) {
    const Node* below = match.node->child(labels[match.labels_left - 1]);
    if (below == nullptr) return match;
    match.node = below;
    --match.labels_left;
  }
  return match;
}

bool Zone::has_name(NameView name) const {
  Answer::Scratch scratch;
  const Match match = find(name);
  return match.labels_left == 0 || computed_address(match, name, scratch);
}

std::optional<RrsetView> Zone::computed_address(
    const Match& match, NameView name, Answer::Scratch& scratch) const {
  if (match.labels_left != 1) return std::nullopt;
  const auto rule = tree_.rrset(*match.node, RrType::kDashedAddresses);
  if (!rule) return std::nullopt;
  return dashed_address(name.first_label(), rule->ttl(), scratch);
}

// RFC 1034 4.3.2, step 3, repeated for each CNAME.
void Zone::lookup(NameView qname, RrType qtype, Answer& answer) const {
  answer.authoritative = true;
  NameView name = qname;
  while (true) {
    const Match match = find(name);
    if (match.labels_left > 0) {
      const auto computed = computed_address(match, name, answer.scratch);
      if (!computed) return name_error(answer);
      return answer_with(name, qtype, *computed, answer);
    }
    const auto cname = tree_.rrset(*match.node, RrType::kCname);
    if (!cname || qtype == RrType::kCname || qtype == RrType::kAny) {
      return answer_from(*match.node, name, qtype, answer);
    }
    answer.entries.push_back({Section::kAnswer, name, *cname});
    name = answer.keep(target_of(RrType::kCname, *cname->begin()));
    ++answer.chain_length;
    answer.is_loop = holds_link(answer, name);
    if (answer.is_loop || answer.chain_length > kMaxChainLength) {
      answer.rcode = Rcode::kServFail;
      return;
    }
    if (!name.is_subdomain_of(apex())) {
      answer.unfinished = name.data();
      return;
    }
  }
}

void Zone::answer_from(const Node& node, NameView name, RrType qtype,
                       Answer& answer) const {
  answer.name_has_data = node.has_records();
  if (qtype == RrType::kSoa && &node == &tree_.root()) {
    answer.entries.push_back({Section::kAnswer, name, soa()});
    return;
  }
  if (qtype == RrType::kAny) return answer_any(node, name, answer);
  const auto rrset = rrset_of(node, qtype);
  if (!rrset) return no_data(answer);
  answer.entries.push_back({Section::kAnswer, name, *rrset});
  if (qtype == RrType::kSrv || qtype == RrType::kNs) {
    add_addresses(*rrset, answer);
  }
}

std::optional<RrsetView> Zone::rrset_of(const Node& node, RrType qtype) const {
  if (is_internal(qtype)) return std::nullopt;
  auto rrset = tree_.rrset(node, qtype);
  if (rrset || qtype != RrType::kPtr) return rrset;
  rrset = tree_.rrset(node, RrType::kWeakPtr);
  if (rrset) return rrset->as(RrType::kPtr);
  return rrset;
}

// RFC 8482 4.1: answers ANY with one RRset, the first that fits any client's
// datagram, else the smallest.  Ignores the client's own limit, because the
// cache keeps the answer for all clients.
void Zone::answer_any(const Node& node, NameView name, Answer& answer) const {
  constexpr std::size_t kAlwaysRoom = 512 - kHeaderSize - kMaxNameSize - 4;
  std::optional<RrsetView> any = rrset_of(node, RrType::kPtr);
  tree_.for_each_rrset(node, [&any](RrsetView rrset) {
    if (is_internal(rrset.type())) return;
    if (!any || (estimated_size(*any) > kAlwaysRoom &&
                 estimated_size(rrset) < estimated_size(*any))) {
      any = rrset;
    }
  });
  if (!any && &node == &tree_.root()) any = soa();
  if (!any) return no_data(answer);
  answer.entries.push_back({Section::kAnswer, name, *any});
}

void Zone::answer_with(NameView name, RrType qtype, RrsetView rrset,
                       Answer& answer) const {
  answer.name_has_data = true;
  if (qtype != rrset.type() && qtype != RrType::kAny) return no_data(answer);
  answer.entries.push_back({Section::kAnswer, name, rrset});
}

// RFC 2782, RFC 1035 3.3.11: adds the addresses of targets in this zone.  Adds
// none if the records alone fill the message.  Therefore the number of targets
// to look up is at most the number of records that fit into 64 KiB.
void Zone::add_addresses(RrsetView rrset, Answer& answer) const {
  if (!fits(rrset, answer.room)) return;
  std::unordered_set<const Node*> seen;
  RrsetView::Iterator rdata = rrset.begin();
  for (unsigned i = 0; i < rrset.count(); ++i, ++rdata) {
    const NameView target = target_of(rrset.type(), *rdata);
    if (!target.is_subdomain_of(apex())) continue;
    const Match match = find(target);
    if (match.labels_left > 0 || !seen.insert(match.node).second) continue;
    const NameView owner = answer.keep(target);
    for (const RrType type : {RrType::kA, RrType::kAaaa}) {
      const auto addresses = tree_.rrset(*match.node, type);
      if (addresses && addresses->always_fits()) {
        answer.entries.push_back({Section::kAdditional, owner, *addresses});
      }
    }
  }
}

// The negative answers of RFC 2308 2.1 and 2.2.
void Zone::name_error(Answer& answer) const {
  answer.rcode = Rcode::kNxDomain;
  no_data(answer);
}

void Zone::no_data(Answer& answer) const {
  answer.entries.push_back({Section::kAuthority, apex(), soa()});
  answer.encoded_soa = &encoded_soa_;
}

}  // namespace canopy
