#include "server/plan/hosts_table.h"

#include <algorithm>
#include <utility>

#include "zones/node_records.h"
#include "zones/stored_rdata.h"

namespace canopy {
namespace {

bool is_below_any(NameView name, const std::vector<Name>& domains) {
  return std::ranges::any_of(domains, [name](const Name& domain) {
    return name.is_subdomain_of(domain);
  });
}

bool is_wildcard(NameView name) {
  return !name.is_root() && name.first_label() == "*";
}

bool same_rrset(const RecordView& a, const RecordView& b) {
  return a.type == b.type && a.owner == b.owner;
}

// The RRset of `type` among an owner's RRsets, which may be null.
std::optional<RrsetView> rrset_among(const std::uint8_t* at, RrType type) {
  while (at != nullptr && *at != 0) {
    const RrsetHeader header = RrsetHeader::read(at);
    if (header.type == static_cast<std::uint16_t>(type)) {
      return RrsetView(type, header.ttl, header.count, at, kNoSuffix);
    }
    at += header.body_size();
  }
  return std::nullopt;
}

// An RRset in the form of nodes (zones/node_records.h).
class PackedRrset {
 public:
  // Packs records[first, end), which are sorted.
  PackedRrset(const RecordList& records, std::size_t first, std::size_t end)
      : one_(records[first]) {
    for (std::size_t i = first; i < end; ++i) {
      const RecordView record = records[i];
      if (i > first && compare(records[i - 1], record) == 0) continue;
      if (++distinct_ > HostsTable::kMostRecords) continue;
      append_record(body_, 1, {record.rdata});
    }
  }

  std::size_t kept() const {
    return std::min(distinct_, HostsTable::kMostRecords);
  }
  std::size_t left_out() const { return distinct_ - kept(); }

  void append_to(std::vector<std::uint8_t>& octets) const {
    RrsetHeader{.type = static_cast<std::uint16_t>(one_.type),
                .count = static_cast<std::uint32_t>(kept()),
                .ttl = one_.ttl,
                .size = static_cast<std::uint32_t>(body_.size())}
        .append_to(octets);
    octets.insert(octets.end(), body_.begin(), body_.end());
  }

 private:
  RecordView one_;
  std::size_t distinct_ = 0;
  std::vector<std::uint8_t> body_;
};

}  // namespace

HostsTable::HostsTable(RecordList records, HostsRules rules)
    : rules_(std::move(rules)) {
  records.sort();
  for (std::size_t first = 0; first < records.size();) {
    const RecordView one = records[first];
    std::size_t end = first + 1;
    while (end < records.size() && same_rrset(records[end], one)) ++end;
    if (first == 0 || records[first - 1].owner != one.owner) {
      if (first != 0) octets_.push_back(0);
      owners_.push_back(static_cast<std::uint32_t>(octets_.size()));
      const auto wire = one.owner.wire();
      octets_.push_back(static_cast<std::uint8_t>(wire.size()));
      octets_.insert(octets_.end(), wire.begin(), wire.end());
      if (is_wildcard(one.owner)) has_wildcards_ = true;
    }
    const PackedRrset packed(records, first, end);
    packed.append_to(octets_);
    records_ += packed.kept();
    records_left_out_ += packed.left_out();
    first = end;
  }
  if (!owners_.empty()) octets_.push_back(0);
  octets_.shrink_to_fit();
  owners_.shrink_to_fit();
}

HostsTable::Found HostsTable::find(NameView qname, RrType qtype,
                                   Answer& answer) const {
  const auto say = [&](const std::optional<RrsetView>& rrset) {
    answer.authoritative = true;
    answer.name_has_data = true;
    if (rrset) answer.entries.push_back({Section::kAnswer, qname, *rrset});
    return Found::kAnswer;
  };
  // Reverse names need not be below `domains`, and always fall through.
  if (qtype == RrType::kPtr) {
    const auto names = rrset_among(rrsets_of(qname), qtype);
    return names ? say(names) : Found::kNothing;
  }
  if (!rules_.domains.empty() && !is_below_any(qname, rules_.domains)) {
    return Found::kNothing;
  }
  // A name's own addresses replace the wildcard's of the same family only, as
  // in CoreDNS.
  const std::uint8_t* const own = rrsets_of(qname);
  const std::uint8_t* const wild = wildcards_of(qname);
  const auto addresses = [&](RrType type) {
    const auto found = rrset_among(own, type);
    return found ? found : rrset_among(wild, type);
  };
  const auto v4 = addresses(RrType::kA);
  const auto v6 = addresses(RrType::kAaaa);
  if (!v4 && !v6) {
    return falls_through(qname) ? Found::kNothing : Found::kLacksName;
  }
  if (qtype == RrType::kA) return say(v4);
  if (qtype == RrType::kAaaa) return say(v6);
  if (rules_.other_types_fall_through && falls_through(qname)) {
    return Found::kNothing;
  }
  if (qtype == RrType::kAny) return say(v4 ? v4 : v6);  // RFC 8482 4.1
  return say(std::nullopt);
}

const std::uint8_t* HostsTable::rrsets_of(NameView owner) const {
  const auto wire_at = [this](std::uint32_t place) {
    return std::span<const std::uint8_t>(octets_).subspan(place + 1,
                                                          octets_[place]);
  };
  const auto found =
      std::lower_bound(owners_.begin(), owners_.end(), owner,
                       [&](std::uint32_t place, NameView name) {
                         return order_folded(wire_at(place), name.wire()) < 0;
                       });
  if (found == owners_.end()) return nullptr;
  const auto wire = wire_at(*found);
  if (NameView(wire.data(), wire.size()) != owner) return nullptr;
  return wire.data() + wire.size();
}

// A wildcard stands for exactly one label, as in CoreDNS.
const std::uint8_t* HostsTable::wildcards_of(NameView qname) const {
  if (!has_wildcards_ || qname.label_count() < 2) return nullptr;
  Name wildcard;
  wildcard.append("*");
  return wildcard.append(qname.parent()) ? rrsets_of(wildcard) : nullptr;
}

bool HostsTable::falls_through(NameView qname) const {
  return is_below_any(qname, rules_.fall_through);
}

}  // namespace canopy
