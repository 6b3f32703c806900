#include "server/bailiwick.h"

#include <algorithm>
#include <optional>

namespace canopy {
namespace {

constexpr auto kDname = static_cast<RrType>(39);
constexpr auto kDs = static_cast<RrType>(43);
constexpr auto kRrsig = static_cast<RrType>(46);
constexpr auto kNsec = static_cast<RrType>(47);
constexpr auto kNsec3 = static_cast<RrType>(50);

RrType type_at(const EncodedAnswer& answer, std::size_t at) {
  return static_cast<RrType>(answer.message[at] << 8 | answer.message[at + 1]);
}

// The RRsets of one section, by their first records.  Reads no name unasked.
class Heads {
 public:
  Heads(const EncodedAnswer& answer, Section section)
      : answer_(answer), section_(section), reader_(answer.message) {}

  // False at the section's end.
  bool next() {
    for (; next_ < answer_.rrsets.size(); ++next_) {
      const RrsetSpan& rrset = answer_.rrsets[next_];
      fields_ = answer_.ttl_offsets[records_] - 4U;
      records_ += rrset.count;
      if (rrset.section != section_) continue;
      offset_ = rrset.offset;
      ++next_;
      return true;
    }
    return false;
  }
  std::uint16_t offset() const { return offset_; }
  RrType type() const { return type_at(answer_, fields_); }
  // Nothing when it takes more work than the message's size allows.
  std::optional<Name> owner() { return name_at(offset_); }
  // The name that the rdata begins with.
  std::optional<Name> target() { return name_at(fields_ + 10); }

 private:
  std::optional<Name> name_at(std::size_t at) { return reader_.name(at); }

  const EncodedAnswer& answer_;
  const Section section_;
  MessageReader reader_;
  std::size_t next_ = 0;     // RRset
  std::size_t records_ = 0;  // of those before it
  std::uint16_t offset_ = 0;
  std::size_t fields_ = 0;  // where the type stands
};

}  // namespace

Bailiwick::HashedName::HashedName(const Name& of)
    : hash(hash_folded(of.wire(), 0)), name(of) {}

Bailiwick::Bailiwick(const Query& asked, const EncodedAnswer& answer)
    : asked_(asked) {
  if (is_simple(answer)) {
    has_answer_ = !answer.rrsets.empty() &&
                  answer.rrsets.front().section == Section::kAnswer;
    return;
  }
  chain_.reserve(4);
  chain_.emplace_back(asked.qname);
  holds_any_ = follow(answer) && judge(answer);
}

bool Bailiwick::judge(const EncodedAnswer& answer) {
  bool holds_any = false;
  for (Heads rrset(answer, Section::kAnswer); rrset.next();) {
    const auto owner = rrset.owner();
    if (!owner) return false;
    const RrType type = rrset.type();
    const bool held = holds(type, HashedName(*owner));
    verdicts_.push_back({rrset.offset(), held});
    holds_any |= held;
    holds_all_ &= held;
    has_answer_ |=
        held && (type == asked_.qtype || asked_.qtype == RrType::kAny);
  }
  return holds_any;
}

// As nearly all are: records of the type and of the name asked for, which is
// spelled by a pointer to the question.
bool Bailiwick::is_simple(const EncodedAnswer& answer) const {
  constexpr std::uint8_t kPointer = 0xC0;
  for (const RrsetSpan& rrset : answer.rrsets) {
    if (rrset.section != Section::kAnswer) break;
    if (&rrset != answer.rrsets.data()) return false;
    const auto octets = answer.message.subspan(rrset.offset, rrset.size);
    if (octets[0] != kPointer || octets[1] != kHeaderSize ||
        type_at(answer, rrset.offset + 2U) != asked_.qtype) {
      return false;
    }
  }
  return true;
}

// In whatever order the CNAMEs stand.
bool Bailiwick::follow(const EncodedAnswer& answer) {
  std::vector<Link> links;
  for (Heads rrset(answer, Section::kAnswer); rrset.next();) {
    const bool is_link = rrset.type() == RrType::kCname &&
                         asked_.qtype != RrType::kCname &&
                         links.size() < kMostLinks;
    const bool is_dname =
        rrset.type() == kDname && dnames_.size() < kMostDnames;
    if (!is_link && !is_dname) continue;
    const auto owner = rrset.owner();
    if (!owner) return false;
    if (is_dname) {
      dnames_.emplace_back(*owner);
      continue;
    }
    const auto target = rrset.target();
    if (!target) return false;
    links.push_back({HashedName(*owner), HashedName(*target)});
  }
  link(links);
  std::erase_if(dnames_, [this](const HashedName& owner) {
    return !is_above_chain(owner.name);
  });
  return true;
}

void Bailiwick::link(const std::vector<Link>& links) {
  while (chain_.size() < kLongestChain) {
    const auto next = std::ranges::find(links, chain_.back(), &Link::owner);
    if (next == links.end() || is_in_chain(next->target)) return;
    chain_.push_back(next->target);
  }
}

bool Bailiwick::is_in_chain(const HashedName& owner) const {
  return std::ranges::find(chain_, owner) != chain_.end();
}

bool Bailiwick::is_above_chain(const Name& owner) const {
  if (chain_.empty()) return asked_.qname.view().is_subdomain_of(owner);
  return std::ranges::any_of(chain_, [&](const HashedName& name) {
    return name.name.view().is_subdomain_of(owner);
  });
}

bool Bailiwick::holds(RrType type, const HashedName& owner) const {
  const bool is_signature = type == kRrsig;
  if ((type == kDname || is_signature) &&
      std::ranges::find(dnames_, owner) != dnames_.end()) {
    return true;
  }
  return (type == asked_.qtype || type == RrType::kCname || is_signature ||
          asked_.qtype == RrType::kAny) &&
         is_in_chain(owner);
}

bool Bailiwick::holds_answer(const MessageRecord& record) const {
  if (holds_all_) return true;
  const auto behind =
      std::ranges::upper_bound(verdicts_, record.offset, {}, &Verdict::offset);
  return behind != verdicts_.begin() && std::prev(behind)->holds;
}

bool Bailiwick::holds_authority(const EncodedAnswer& answer) const {
  std::size_t held = 0;
  for (Heads rrset(answer, Section::kAuthority); rrset.next();) {
    const RrType type = rrset.type();
    if (asked_.dnssec_ok() &&
        (type == kNsec || type == kNsec3 || type == kRrsig || type == kDs)) {
      continue;
    }
    if (type != RrType::kSoa && type != RrType::kNs) return false;
    const auto owner = rrset.owner();
    if (!owner || ++held > kMostAuthority || !is_above_chain(*owner)) {
      return false;
    }
  }
  return true;
}

}  // namespace canopy
