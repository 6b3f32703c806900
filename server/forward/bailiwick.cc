#include "server/forward/bailiwick.h"

#include <algorithm>
#include <optional>

#include "zones/octets.h"
#include "zones/rdata_names.h"

namespace canopy {
namespace {

constexpr auto kDs = static_cast<RrType>(43);
constexpr auto kRrsig = static_cast<RrType>(46);
constexpr auto kNsec = static_cast<RrType>(47);
constexpr auto kNsec3 = static_cast<RrType>(50);

// DNSSEC types.  A client that sets no DO gets them only if it asks for the
// type.
bool is_proof(RrType type) {
  return type == kRrsig || type == kNsec || type == kNsec3 || type == kDs;
}

RrType type_at(const EncodedAnswer& answer, std::size_t at) {
  return RrType{load16(answer.message, at)};
}

// Iterates over the RRsets of one section by their first records.  Decodes a
// name only when asked to.
class Heads {
 public:
  Heads(const EncodedAnswer& answer, Section section)
      : answer_(answer), section_(section), reader_(answer.message) {}

  // Returns false at the end of the section.
  bool next() {
    for (; next_ < answer_.rrsets.size(); ++next_) {
      const RrsetSpan& rrset = answer_.rrsets[next_];
      fields_ = answer_.ttl_offsets[records_] - 4U;
      records_ += rrset.count;
      if (rrset.section != section_) continue;
      rrset_ = rrset;
      ++next_;
      return true;
    }
    return false;
  }
  const RrsetSpan& span() const { return rrset_; }
  RrType type() const { return type_at(answer_, fields_); }
  RrClass rr_class() const {
    return RrClass{load16(answer_.message, fields_ + 2)};
  }
  // Nothing when decoding takes more work than the message's size allows.
  std::optional<Name> owner() { return name_at(rrset_.offset); }
  // The name at the start of the rdata.
  std::optional<Name> target() { return name_at(fields_ + 10); }

 private:
  std::optional<Name> name_at(std::size_t at) { return reader_.name(at); }

  const EncodedAnswer& answer_;
  const Section section_;
  MessageReader reader_;
  std::size_t next_ = 0;     // index of the next RRset
  std::size_t records_ = 0;  // records before that RRset
  RrsetSpan rrset_{};
  std::size_t fields_ = 0;  // offset of the type field
};

}  // namespace

Bailiwick::HashedName::HashedName(const Name& of)
    : hash(hash_folded(of.wire(), 0)), name(of) {}

Bailiwick::Bailiwick(const Query& asked, const EncodedAnswer& answer)
    : asked_(asked), is_simple_(looks_simple(answer)) {
  if (is_simple_) {
    has_answer_ = !answer.rrsets.empty();
    return;
  }
  chain_.reserve(4);
  chain_.emplace_back(asked.qname);
  held_.reserve(answer.rrsets.size());
  holds_any_ =
      follow(answer) && judge_answer(answer) && judge_authority(answer);
}

// True for most answers: all records have the type and name of the query, their
// owner is a compression pointer to the question, and their rdata holds no
// name.  Only the answer section of such a message is sent.
bool Bailiwick::looks_simple(const EncodedAnswer& answer) const {
  constexpr std::uint16_t kQuestion = 0xC000 | kHeaderSize;
  if (answer.rrsets.empty()) return true;
  const RrsetSpan& rrset = answer.rrsets.front();
  const bool is_alone =
      answer.rrsets.size() == 1 ||
      (answer.rrsets[1].section != Section::kAnswer && !asked_.dnssec_ok());
  if (!is_alone || rrset.section != Section::kAnswer ||
      rrset.offset != kHeaderSize + asked_.qname.size() + 4) {
    return false;
  }
  // All records of an RRset that rotates have the same owner octets.
  if (rrset.count > 1 && !rrset.rotates) return false;
  constexpr std::size_t kFields = 2 + 10;  // owner, then type to length
  if (load16(answer.message, rrset.offset) != kQuestion ||
      type_at(answer, rrset.offset + 2U) != asked_.qtype ||
      RrClass{load16(answer.message, rrset.offset + 4U)} != asked_.qclass) {
    return false;
  }
  if (rrset.rotates) return true;  // addresses hold no names
  const auto names = rdata_names(
      asked_.qtype,
      answer.message.subspan(rrset.offset + kFields, rrset.size - kFields));
  return names && names->names == 0;
}

bool Bailiwick::judge_answer(const EncodedAnswer& answer) {
  std::vector<Ranked> ranked;
  ranked.reserve(answer.rrsets.size());
  bool is_empty = true;
  bool belongs = false;
  for (Heads rrset(answer, Section::kAnswer); rrset.next();) {
    is_empty = false;
    const auto owner = rrset.owner();
    if (!owner) return false;
    const RrType type = rrset.type();
    const auto place = place_of(type, HashedName(*owner));
    if (!place || rrset.rr_class() != asked_.qclass) continue;
    belongs = true;
    if (type == kRrsig && !wants_signatures()) continue;
    has_answer_ |= type == asked_.qtype || asked_.qtype == RrType::kAny;
    ranked.push_back({rrset.span(), *place});
  }
  std::stable_sort(
      ranked.begin(), ranked.end(),
      [](const Ranked& a, const Ranked& b) { return a.place < b.place; });
  for (const Ranked& next : ranked) held_.push_back(next.rrset);
  return belongs || is_empty;
}

bool Bailiwick::judge_authority(const EncodedAnswer& answer) {
  const bool is_positive = has_answer_ && (answer.message[3] & 0xF) == 0;
  if (is_positive && !asked_.dnssec_ok()) return true;
  std::size_t judged = 0;
  for (Heads rrset(answer, Section::kAuthority); rrset.next();) {
    const RrType type = rrset.type();
    if (rrset.rr_class() != asked_.qclass) continue;
    if (asked_.dnssec_ok() && is_proof(type)) {
      held_.push_back(rrset.span());
      continue;
    }
    if (type != RrType::kSoa && type != RrType::kNs) continue;
    if (++judged > kMostAuthority) continue;
    const auto owner = rrset.owner();
    if (!owner) return false;
    if (link_below(*owner) < chain_.size()) held_.push_back(rrset.span());
  }
  return true;
}

// The CNAMEs may be in any order.
bool Bailiwick::follow(const EncodedAnswer& answer) {
  std::vector<Link> links;
  std::vector<HashedName> dnames;
  for (Heads rrset(answer, Section::kAnswer); rrset.next();) {
    const bool is_link = rrset.type() == RrType::kCname &&
                         asked_.qtype != RrType::kCname &&
                         links.size() < kMostLinks;
    const bool is_dname =
        rrset.type() == RrType::kDname && dnames.size() < kMostDnames;
    if (!is_link && !is_dname) continue;
    const auto owner = rrset.owner();
    if (!owner) return false;
    if (is_dname) {
      dnames.emplace_back(*owner);
      continue;
    }
    const auto target = rrset.target();
    if (!target) return false;
    links.push_back({HashedName(*owner), HashedName(*target)});
  }
  link(links);
  place_dnames(std::move(dnames));
  return true;
}

void Bailiwick::link(const std::vector<Link>& links) {
  while (chain_.size() < kLongestChain) {
    const auto next = std::ranges::find(links, chain_.back(), &Link::owner);
    if (next == links.end() || link_of(next->target) < chain_.size()) return;
    chain_.push_back(next->target);
  }
}

void Bailiwick::place_dnames(std::vector<HashedName> owners) {
  dnames_.reserve(owners.size());
  for (HashedName& owner : owners) {
    const std::size_t link = link_below(owner.name);
    if (link < chain_.size()) dnames_.push_back({std::move(owner), link});
  }
}

std::size_t Bailiwick::link_of(const HashedName& owner) const {
  return static_cast<std::size_t>(std::ranges::find(chain_, owner) -
                                  chain_.begin());
}

std::size_t Bailiwick::link_below(const Name& owner) const {
  const auto found = std::ranges::find_if(chain_, [&](const HashedName& name) {
    return name.name.view().is_subdomain_of(owner);
  });
  return static_cast<std::size_t>(found - chain_.begin());
}

std::optional<std::size_t> Bailiwick::place_of(RrType type,
                                               const HashedName& owner) const {
  const std::size_t signature = type == kRrsig ? 1 : 0;
  if (type == RrType::kDname || type == kRrsig) {
    const auto dname = std::ranges::find(dnames_, owner, &Dname::owner);
    if (dname != dnames_.end()) return 4 * dname->link + signature;
  }
  if (type != asked_.qtype && type != RrType::kCname && type != kRrsig &&
      asked_.qtype != RrType::kAny) {
    return std::nullopt;
  }
  const std::size_t link = link_of(owner);
  if (link == chain_.size()) return std::nullopt;
  return 4 * link + 2 + signature;
}

bool Bailiwick::wants_signatures() const {
  return asked_.dnssec_ok() || asked_.qtype == kRrsig ||
         asked_.qtype == RrType::kAny;
}

}  // namespace canopy
