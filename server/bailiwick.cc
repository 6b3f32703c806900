#include "server/bailiwick.h"

#include <algorithm>

namespace canopy {
namespace {

constexpr std::size_t kLongestChain = 16;
constexpr auto kDname = static_cast<RrType>(39);
constexpr auto kDs = static_cast<RrType>(43);
constexpr auto kRrsig = static_cast<RrType>(46);
constexpr auto kNsec = static_cast<RrType>(47);
constexpr auto kNsec3 = static_cast<RrType>(50);

}  // namespace

Bailiwick::Bailiwick(const Query& asked, const EncodedAnswer& answer)
    : asked_(asked) {
  if (is_simple(answer)) {
    has_answer_ = !answer.rrsets.empty() &&
                  answer.rrsets.front().section == Section::kAnswer;
    return;
  }
  chain_.reserve(4);
  chain_.push_back(asked.qname);
  follow(answer.message);
  judge(answer.message);
}

void Bailiwick::judge(std::span<const std::uint8_t> message) {
  holds_any_ = false;
  MessageReader reader(message);
  reader.question();
  for (unsigned i = 0; i < reader.answer_count(); ++i) {
    const auto record = reader.record();
    if (!record) return;
    if (!holds_answer(*record)) {
      holds_all_ = false;
      continue;
    }
    holds_any_ = true;
    if (record->type == asked_.qtype || asked_.qtype == RrType::kAny) {
      has_answer_ = true;
    }
  }
}

// As nearly all are: records of the type and of the name asked for, which is
// spelled by a pointer to the question.
bool Bailiwick::is_simple(const EncodedAnswer& answer) const {
  constexpr std::uint8_t kPointer = 0xC0;
  for (const RrsetSpan& rrset : answer.rrsets) {
    if (rrset.section != Section::kAnswer) break;
    if (&rrset != answer.rrsets.data()) return false;
    const auto octets = answer.message.subspan(rrset.offset, rrset.size);
    const auto type = static_cast<RrType>(octets[2] << 8 | octets[3]);
    if (octets[0] != kPointer || octets[1] != kHeaderSize ||
        type != asked_.qtype) {
      return false;
    }
  }
  return true;
}

// In whatever order the CNAMEs stand.
void Bailiwick::follow(std::span<const std::uint8_t> message) {
  for (bool grows = true; grows && chain_.size() < kLongestChain;) {
    grows = false;
    MessageReader reader(message);
    reader.question();
    for (unsigned i = 0; i < reader.answer_count(); ++i) {
      const auto record = reader.record();
      if (!record) return;
      if (record->type == kDname &&
          chain_.back().view().is_subdomain_of(record->owner) &&
          std::ranges::find(dnames_, record->owner) == dnames_.end()) {
        dnames_.push_back(record->owner);
      }
      if (record->type != RrType::kCname || asked_.qtype == RrType::kCname ||
          !(record->owner == chain_.back())) {
        continue;
      }
      auto at = static_cast<std::size_t>(record->rdata.data() - message.data());
      const auto target = reader.name(at);
      if (!target || is_in_chain(*target)) return;
      chain_.push_back(*target);
      grows = true;
    }
  }
}

bool Bailiwick::is_in_chain(const Name& owner) const {
  if (chain_.empty()) return owner == asked_.qname;  // it was that simple
  return std::ranges::find(chain_, owner) != chain_.end();
}

bool Bailiwick::holds_answer(const MessageRecord& record) const {
  const bool is_signature = record.type == kRrsig;
  if (record.type == kDname || is_signature) {
    if (std::ranges::find(dnames_, record.owner) != dnames_.end()) return true;
  }
  return is_in_chain(record.owner) &&
         (record.type == asked_.qtype || record.type == RrType::kCname ||
          is_signature || asked_.qtype == RrType::kAny);
}

bool Bailiwick::holds_authority(const MessageRecord& record) const {
  if (asked_.dnssec_ok() && (record.type == kNsec || record.type == kNsec3 ||
                             record.type == kRrsig || record.type == kDs)) {
    return true;
  }
  if (record.type != RrType::kSoa && record.type != RrType::kNs) return false;
  if (chain_.empty()) return asked_.qname.view().is_subdomain_of(record.owner);
  return std::ranges::any_of(chain_, [&](const Name& name) {
    return name.view().is_subdomain_of(record.owner);
  });
}

}  // namespace canopy
