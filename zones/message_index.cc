#include "zones/message_index.h"

#include <algorithm>
#include <array>

#include "zones/message_reader.h"
#include "zones/rdata_layout.h"

namespace canopy {
namespace {

void store16(std::vector<std::uint8_t>& message, std::size_t at,
             std::size_t value) {
  message[at] = static_cast<std::uint8_t>(value >> 8);
  message[at + 1] = static_cast<std::uint8_t>(value);
}

// The last field of an SOA.
std::uint32_t soa_minimum(std::span<const std::uint8_t> rdata) {
  std::uint32_t minimum = 0;
  for (const std::uint8_t octet : rdata.last(4)) {
    minimum = minimum << 8 | octet;
  }
  return minimum;
}

std::uint32_t lower(std::optional<std::uint32_t> known, std::uint32_t more) {
  return known ? std::min(*known, more) : more;
}

}  // namespace

bool MessageIndex::read(std::span<const std::uint8_t> message) {
  message_.clear();
  ttl_offsets_.clear();
  rrsets_.clear();
  answer_ttl_.reset();
  negative_ttl_.reset();
  has_answer_ = cut_ = false;
  last_type_ = RrType::kName;
  if (message.size() < kHeaderSize || message.size() > kMaxMessageSize) {
    return false;
  }
  MessageReader reader(message);
  if (reader.question_count() != 1 || !reader.question()) return false;
  message_.assign(
      message.begin(),
      message.begin() + static_cast<std::ptrdiff_t>(reader.position()));
  rcode_ = reader.rcode();
  flags_ = reader.flags();
  store16(message_, 0, 0);
  // Ours is not the authority, and we do recurse.
  constexpr std::uint16_t kKept = flag::kTc | flag::kAd | 0xF;
  store16(message_, 2, flag::kQr | (flags_ & kKept) | flag::kRa);
  store16(message_, 10, 0);
  if (!read_section(reader, message, Section::kAnswer, reader.answer_count()) ||
      !read_section(reader, message, Section::kAuthority,
                    reader.authority_count()) ||
      !read_section(reader, message, Section::kAdditional,
                    reader.additional_count())) {
    return false;
  }
  std::array<std::size_t, 3> counts{};
  for (const RrsetSpan& rrset : rrsets_) {
    counts[static_cast<std::size_t>(rrset.section)] += rrset.count;
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    store16(message_, 6 + 2 * i, counts[i]);
  }
  return true;
}

void MessageIndex::cut_before(Section section) {
  const auto first = std::ranges::find_if(rrsets_, [=](const RrsetSpan& rrset) {
    return rrset.section >= section;
  });
  if (first == rrsets_.end()) return;
  const std::uint16_t end = first->offset;
  message_.resize(end);
  std::erase_if(ttl_offsets_, [=](std::uint16_t at) { return at >= end; });
  rrsets_.erase(first, rrsets_.end());
  if (section <= Section::kAuthority) {
    store16(message_, 8, 0);
    negative_ttl_.reset();
  }
  store16(message_, 10, 0);
}

std::optional<std::uint32_t> MessageIndex::ttl() const {
  const bool negative = rcode_ == Rcode::kNxDomain || !answer_ttl_;
  if (!negative) return answer_ttl_;
  if (!negative_ttl_) return std::nullopt;
  return lower(answer_ttl_, *negative_ttl_);  // a CNAME may lead to nothing
}

bool MessageIndex::read_section(MessageReader& reader,
                                std::span<const std::uint8_t> message,
                                Section section, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const std::optional<MessageRecord> record = reader.record();
    if (!record) return false;
    if (record->type == RrType::kOpt) {
      if (record->ttl >> 24 != 0) return false;
      cut_ = true;
    }
    if (cut_) continue;
    if (!rdata_is_whole(reader, *record, message)) return false;
    const std::size_t end = reader.position();
    const auto octets = message.subspan(record->offset, end - record->offset);
    message_.insert(message_.end(), octets.begin(), octets.end());
    add(*record, section, end);
  }
  return true;
}

void MessageIndex::add(const MessageRecord& record, Section section,
                       std::size_t end) {
  ttl_offsets_.push_back(static_cast<std::uint16_t>(record.ttl_offset));
  if (section == Section::kAnswer) {
    has_answer_ = true;
    answer_ttl_ = lower(answer_ttl_, record.ttl);
  }
  if (section == Section::kAuthority && record.type == RrType::kSoa) {
    negative_ttl_ = lower(record.ttl, soa_minimum(record.rdata));
  }
  const bool joins = !rrsets_.empty() && rrsets_.back().section == section &&
                     last_type_ == record.type && last_owner_ == record.owner;
  if (!joins) {
    rrsets_.push_back(
        {static_cast<std::uint16_t>(record.offset), 0, 0, section,
         record.type == RrType::kA || record.type == RrType::kAaaa});
  }
  RrsetSpan& rrset = rrsets_.back();
  const auto size = static_cast<std::uint16_t>(end - rrset.offset);
  if (!spells_owner_alike(record, rrset)) rrset.rotates = false;
  rrset.size = size;
  ++rrset.count;
  last_owner_ = record.owner;
  last_type_ = record.type;
}

// Rotation moves whole records: they must be of one size, and their owners
// spelled with pointers that are good in each other's place.
bool MessageIndex::spells_owner_alike(const MessageRecord& record,
                                      const RrsetSpan& rrset) const {
  const std::size_t size = record.ttl_offset - record.offset;
  const std::size_t rdata = message_.size() - record.offset;
  const auto at = [this](std::size_t offset) {
    return message_.begin() + static_cast<std::ptrdiff_t>(offset);
  };
  return message_.size() - rrset.offset == rdata * (rrset.count + 1U) &&
         std::equal(at(rrset.offset), at(rrset.offset + size),
                    at(record.offset));
}

bool rdata_is_whole(MessageReader& reader, const MessageRecord& record,
                    std::span<const std::uint8_t> message) {
  const std::size_t size = record.rdata.size();
  if (record.rr_class == static_cast<std::uint16_t>(RrClass::kIn)) {
    if (record.type == RrType::kA) return size == 4;
    if (record.type == RrType::kAaaa) return size == 16;
  }
  const RdataLayout layout = rdata_layout(record.type);
  if (layout.names == 0) return true;
  if (layout.before > size) return false;
  auto at = static_cast<std::size_t>(record.rdata.data() - message.data());
  const std::size_t end = at + size;
  at += layout.before;
  for (int i = 0; i < layout.names; ++i) {
    if (!reader.name(at) || at > end) return false;
  }
  return end - at == layout.after;
}

std::optional<Octets> expanded_rdata(MessageReader& reader,
                                     const MessageRecord& record,
                                     std::span<const std::uint8_t> message) {
  const RdataLayout layout = rdata_layout(record.type);
  const auto begin =
      static_cast<std::size_t>(record.rdata.data() - message.data());
  const std::size_t end = begin + record.rdata.size();
  if (layout.before > record.rdata.size()) return std::nullopt;
  Octets rdata(
      record.rdata.begin(),
      record.rdata.begin() + static_cast<std::ptrdiff_t>(layout.before));
  std::size_t at = begin + layout.before;
  for (int i = 0; i < layout.names; ++i) {
    const std::optional<Name> name = reader.name(at);
    if (!name || at > end) return std::nullopt;
    rdata.insert(rdata.end(), name->wire().begin(), name->wire().end());
  }
  rdata.insert(rdata.end(), message.begin() + static_cast<std::ptrdiff_t>(at),
               message.begin() + static_cast<std::ptrdiff_t>(end));
  return rdata;
}

}  // namespace canopy
