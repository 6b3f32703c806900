#include "zones/message_writer.h"

#include <algorithm>

#include "zones/rdata_layout.h"

namespace canopy {
namespace {

// Octets reserved for the reply's OPT record with an extended error.
constexpr std::size_t kOptReserve = 512;
constexpr std::size_t kMostOctets = kMaxMessageSize - kOptReserve;

}  // namespace

MessageWriter::MessageWriter()
    : message_(kMaxMessageSize),
      qname_(kNoSuffix),
      qname_labels_(qname_.data()) {}

void MessageWriter::start(const Query& query, std::size_t room) {
  ttl_offsets_.clear();
  rrsets_.clear();
  names_.clear();
  last_owner_ = nullptr;
  partial_ = cut_ = full_ = false;
  large_end_ = std::min(room, kMostOctets);
  qname_ = query.qname.view();
  qname_labels_ = qname_.labels();
  class_ = query.qclass;
  size_ = kHeaderSize;
  write(qname_.wire());
  write16(static_cast<std::uint16_t>(query.qtype));
  write16(static_cast<std::uint16_t>(query.qclass));
}

void MessageWriter::add(Section section, NameView owner, RrsetView rrset,
                        std::size_t first) {
  if (!rrset.always_fits()) return add_large(section, owner, rrset, first);
  RrsetView::Iterator rdata = rrset.begin();
  for (unsigned i = 0; i < rrset.count(); ++i, ++rdata) {
    add(section, owner, rrset.type(), rrset.ttl(), *rdata);
  }
}

void MessageWriter::add_large(Section section, NameView owner, RrsetView rrset,
                              std::size_t first) {
  std::size_t next = first % rrset.count();
  RrsetView::Iterator rdata = rrset.at(next);
  for (unsigned i = 0; i < rrset.count(); ++i, ++next, ++rdata) {
    if (next == rrset.count()) {
      next = 0;
      rdata = rrset.begin();
    }
    if (full_ || !add_record(section, owner, rrset.type(), rrset.ttl(), *rdata,
                             large_end_)) {
      full_ = true;
      return leave_out(section);
    }
  }
}

void MessageWriter::add(Section section, NameView owner, RrType type,
                        std::uint32_t ttl,
                        std::span<const std::uint8_t> rdata) {
  if (full_ || !add_record(section, owner, type, ttl, rdata, kMostOctets)) {
    leave_out(section);
  }
}

void MessageWriter::leave_out(Section section) {
  partial_ = true;
  if (section != Section::kAdditional) cut_ = true;
}

bool MessageWriter::add_record(Section section, NameView owner, RrType type,
                               std::uint32_t ttl,
                               std::span<const std::uint8_t> rdata,
                               std::size_t end) {
  constexpr std::uint8_t kPointer = 0xC0;
  const bool joins = !rrsets_.empty() && last_owner_ == owner.data() &&
                     last_type_ == type && rrsets_.back().section == section;
  const std::size_t offset = size_;
  if (!write_record(owner, type, ttl, rdata)) return false;
  if (size_ > end) {
    size_ = offset;
    ttl_offsets_.pop_back();
    return false;
  }
  if (!joins) {
    const bool rotates = type == RrType::kA || type == RrType::kAaaa;
    rrsets_.push_back({static_cast<std::uint16_t>(offset), 0, 0, section,
                       rotates, !rdata_layout(type).compressible});
  }
  last_type_ = type;
  RrsetSpan& rrset = rrsets_.back();
  rrset.size = static_cast<std::uint16_t>(size_ - rrset.offset);
  ++rrset.count;
  // Sizes differ if the first record spells an owner that the others point to.
  if (rrset.size != (size_ - offset) * rrset.count) rrset.rotates = false;
  if ((message_[offset] & kPointer) != kPointer) rrset.movable = false;
  return true;
}

void MessageWriter::add(const EncodedSoa& soa) {
  const std::size_t offset = size_;
  if (full_ || offset + soa.size() > kMostOctets) {
    return leave_out(Section::kAuthority);
  }
  soa.write(message_.data() + offset,
            kHeaderSize + qname_.size() - soa.apex().size());
  size_ += soa.size();
  ttl_offsets_.push_back(
      static_cast<std::uint16_t>(offset + EncodedSoa::kTtlOffset));
  rrsets_.push_back({static_cast<std::uint16_t>(offset),
                     static_cast<std::uint16_t>(soa.size()), 1,
                     Section::kAuthority, false});
}

// False when the record does not fit.
bool MessageWriter::write_record(NameView owner, RrType type, std::uint32_t ttl,
                                 std::span<const std::uint8_t> rdata) {
  if (size_ + owner.size() + 10 + rdata.size() > kMostOctets) return false;
  write_owner(owner);
  write16(static_cast<std::uint16_t>(type));
  write16(static_cast<std::uint16_t>(class_));
  ttl_offsets_.push_back(static_cast<std::uint16_t>(size_));
  write32(ttl);
  const std::size_t length_at = size_;
  write16(0);
  write_rdata(type, rdata);
  store16(message_, length_at, size_ - length_at - 2);
  return true;
}

// Most owners are the question's name or the last record's owner.
void MessageWriter::write_owner(NameView owner) {
  constexpr std::size_t kPointer = 0xC000;
  if (owner.data() == qname_.data() && !owner.is_root()) {
    last_owner_ = owner.data();
    return write16(kPointer | kHeaderSize);
  }
  if (owner.data() == last_owner_ && last_owner_pointer_ != 0) {
    return write16(kPointer | last_owner_pointer_);
  }
  last_owner_ = owner.data();
  const std::size_t at = size_;
  write_name(owner, true);
  last_owner_pointer_ = 0;
  if (owner.is_root() || at > NameTable::kMaxOffset) return;
  // Avoid a pointer to a pointer.
  last_owner_pointer_ = static_cast<std::uint16_t>(at);
  if ((message_[at] & 0xC0) == 0xC0) {
    last_owner_pointer_ = load16(message_, at) & 0x3FFF;
  }
}

void MessageWriter::write_rdata(RrType type,
                                std::span<const std::uint8_t> rdata) {
  const RdataLayout layout = rdata_layout(type);
  if (layout.names == 0) return write(rdata);
  write(rdata.first(layout.before));
  rdata = rdata.subspan(layout.before);
  for (int i = 0; i < layout.names; ++i) {
    const NameView name(rdata.data());
    write_name(name, layout.compressible);
    rdata = rdata.subspan(name.size());
  }
  write(rdata);
}

// Writes labels up to the longest suffix that the message already contains,
// then a pointer to that suffix.  Later names can point to each suffix written
// here.  A name that must not be compressed is remembered only as a whole.
void MessageWriter::write_name(NameView name, bool compress) {
  const NameTable::Suffixes suffixes = names_.suffixes(name);
  const std::size_t in_question = labels_in_question(suffixes);
  if (!compress) {
    if (!place_of(suffixes, 0, in_question)) names_.insert(suffixes, 0, size_);
    return write(name.wire());
  }
  for (std::size_t i = 0; i < suffixes.size(); ++i) {
    if (const auto place = place_of(suffixes, i, in_question)) {
      return write16(0xC000U | *place);
    }
    names_.insert(suffixes, i, size_);
    const std::size_t label = 1 + suffixes.labels()[i].size();
    write(suffixes.at(i).wire().first(label));
  }
  message_[size_++] = 0;
}

std::size_t MessageWriter::labels_in_question(
    const NameTable::Suffixes& name) const {
  const std::size_t most = std::min(name.size(), qname_labels_.size());
  std::size_t shared = 0;
  while (shared < most &&
         equal_folded(name.labels()[name.size() - 1 - shared],
                      qname_labels_[qname_labels_.size() - 1 - shared])) {
    ++shared;
  }
  return shared;
}

std::optional<std::uint16_t> MessageWriter::place_of(
    const NameTable::Suffixes& name, std::size_t i,
    std::size_t in_question) const {
  if (i == name.size()) return std::nullopt;  // the root
  if (name.size() - i <= in_question) {
    return static_cast<std::uint16_t>(kHeaderSize + qname_.size() -
                                      name.at(i).size());
  }
  return names_.find(name, i, message_);
}

EncodedAnswer MessageWriter::finish(Rcode rcode, std::uint16_t flags) {
  std::array<std::uint16_t, 3> counts{};
  for (const RrsetSpan& rrset : rrsets_) {
    counts[static_cast<std::size_t>(rrset.section)] += rrset.count;
  }
  const std::size_t end = size_;
  size_ = 0;
  write16(0);
  write16(flag::kQr | flags | (static_cast<unsigned>(rcode) & 0xF));
  write16(1);
  for (const std::uint16_t count : counts) write16(count);
  size_ = end;
  return {{message_.data(), size_}, ttl_offsets_, rrsets_};
}

EncodedAnswer encode_answer(const Query& query, const Answer& answer,
                            std::size_t first, MessageWriter& writer) {
  writer.start(query, answer.room);
  for (const Answer::Entry& entry : answer.entries) {
    if (entry.section == Section::kAuthority && answer.encoded_soa != nullptr) {
      writer.add(*answer.encoded_soa);
    } else {
      writer.add(entry.section, entry.owner, entry.rrset, first);
    }
  }
  std::uint16_t flags = 0;
  if (answer.authoritative) flags |= flag::kAa;
  if (answer.recursion_available) flags |= flag::kRa;
  if (writer.is_cut()) flags |= flag::kTc;  // RFC 2181 9, over TCP too
  return writer.finish(answer.rcode, flags);
}

EncodedAnswer empty_answer(const Query& query, Rcode rcode, std::uint16_t flags,
                           MessageWriter& writer) {
  writer.start(query);
  return writer.finish(rcode, flags);
}

}  // namespace canopy
