#include "zones/message_index.h"

#include <algorithm>
#include <array>

#include "zones/case_swap.h"
#include "zones/message_reader.h"
#include "zones/octets.h"
#include "zones/rdata_names.h"

namespace canopy {
namespace {

// `text` without a trailing zero octet, cut between two UTF-8 characters.
std::string error_text(std::span<const std::uint8_t> text) {
  if (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  std::size_t size = std::min(text.size(), MessageIndex::kMostErrorText);
  if (size < text.size()) {
    while (size > 0 && (text[size] & 0xC0) == 0x80) --size;
  }
  return {text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

bool MessageIndex::read(std::span<const std::uint8_t> message) {
  message_.clear();
  ttl_offsets_.clear();
  rrsets_.clear();
  errors_.clear();
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
  // AA is cleared and RA set: we recurse, but are not authoritative.
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

void MessageIndex::keep_first_rrset() {
  if (rrsets_.empty()) return;
  const RrsetSpan first = rrsets_.front();
  message_.resize(std::size_t{first.offset} + first.size);
  ttl_offsets_.resize(first.count);
  rrsets_.resize(1);
  store16(message_, 8, 0);
  store16(message_, 10, 0);
}

void MessageIndex::spell_question(NameView qname) {
  std::ranges::copy(qname.wire(), message_.begin() + kHeaderSize);
}

bool MessageIndex::read_section(MessageReader& reader,
                                std::span<const std::uint8_t> message,
                                Section section, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const std::optional<MessageRecord> record = reader.record();
    if (!record) return false;
    if (record->type == RrType::kOpt) {
      if (record->ttl >> 24 != 0) return false;
      read_errors(record->rdata);
      continue;
    }
    if (!rdata_is_whole(reader, *record, message)) return false;
    const std::size_t end = reader.position();
    const auto octets = message.subspan(message_.size(), end - message_.size());
    message_.insert(message_.end(), octets.begin(), octets.end());
    add(*record, section, end);
  }
  return true;
}

void MessageIndex::add(const MessageRecord& record, Section section,
                       std::size_t end) {
  ttl_offsets_.push_back(static_cast<std::uint16_t>(record.ttl_offset));
  // RFC 2181 section 8: a TTL with the highest bit set is 0.
  if (record.ttl >> 31 != 0) {
    store32(message_, record.ttl_offset, 0);
  }
  if (!goes_on(record, section)) {
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

// True when `record` belongs to the last RRset: no other record, not even an
// OPT, is between them.
bool MessageIndex::goes_on(const MessageRecord& record, Section section) const {
  if (rrsets_.empty()) return false;
  const RrsetSpan& last = rrsets_.back();
  return last.section == section && last_type_ == record.type &&
         std::size_t{last.offset} + last.size == record.offset &&
         last_owner_ == record.owner;
}

// RFC 8914 section 2: code 15, a length, an info code, text.  Stops at the
// first incomplete option.  The work is bounded by the number of octets.
void MessageIndex::read_errors(std::span<const std::uint8_t> options) {
  constexpr std::size_t kExtendedErrorOption = 15;
  const auto value = [&](std::size_t at) {
    return std::size_t{load16(options, at)};
  };
  while (options.size() >= 4 && errors_.size() < kMostErrors) {
    const std::size_t size = value(2);
    if (options.size() < 4 + size) return;
    if (value(0) == kExtendedErrorOption && size >= 2) {
      errors_.push_back({static_cast<InfoCode>(value(4)),
                         error_text(options.subspan(6, size - 2))});
    }
    options = options.subspan(4 + size);
  }
}

// Rotation swaps whole records.  Therefore all of them must have the same size
// and the same owner octets, pointers included.
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
  const auto layout = rdata_names(record.type, record.rdata);
  if (!layout || layout->before > size) return false;
  if (layout->names == 0) return true;
  auto at = static_cast<std::size_t>(record.rdata.data() - message.data());
  const std::size_t end = at + size;
  at += layout->before;
  // Bounded by the rdata and by the reader's remaining steps.
  for (int i = 0; i != layout->names; ++i) {
    if (layout->names == RdataNames::kToTheEnd && at == end) break;
    if (!reader.name(at) || at > end) return false;
  }
  return !layout->after || end - at == *layout->after;
}

std::optional<Octets> expanded_rdata(MessageReader& reader,
                                     const MessageRecord& record,
                                     std::span<const std::uint8_t> message,
                                     const CaseSwap& case_swap) {
  const auto layout = rdata_names(record.type, record.rdata);
  if (!layout || layout->before > record.rdata.size()) return std::nullopt;
  const auto begin =
      static_cast<std::size_t>(record.rdata.data() - message.data());
  const std::size_t end = begin + record.rdata.size();
  std::size_t at = begin + layout->before;
  Octets rdata(message.begin() + static_cast<std::ptrdiff_t>(begin),
               message.begin() + static_cast<std::ptrdiff_t>(at));
  // Bounded as above.
  for (int i = 0; i != layout->names; ++i) {
    if (layout->names == RdataNames::kToTheEnd && at == end) break;
    const std::optional<Name> name = reader.name(at);
    if (!name || at > end) return std::nullopt;
    const Name spelled = case_swap.applied(*name);
    rdata.insert(rdata.end(), spelled.wire().begin(), spelled.wire().end());
  }
  rdata.insert(rdata.end(), message.begin() + static_cast<std::ptrdiff_t>(at),
               message.begin() + static_cast<std::ptrdiff_t>(end));
  return rdata;
}

}  // namespace canopy
