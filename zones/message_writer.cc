#include "zones/message_writer.h"

#include <algorithm>

#include "zones/message_reader.h"
#include "zones/rdata_layout.h"

namespace canopy {
namespace {

// Octets kept free for the reply's OPT record with an extended error.
constexpr std::size_t kOptReserve = 512;
constexpr std::size_t kMostOctets = kMaxMessageSize - kOptReserve;

// So many records of any one type fit into a message.
constexpr std::size_t kAlwaysFit = 200;

}  // namespace

MessageWriter::MessageWriter() : message_(kMaxMessageSize), qname_(kNoSuffix) {}

void MessageWriter::start(const Query& query) {
  ttl_offsets_.clear();
  rrsets_.clear();
  names_.clear();
  last_owner_ = nullptr;
  partial_ = false;
  qname_ = query.qname.view();
  class_ = query.qclass;
  size_ = kHeaderSize;
  write(qname_.wire());
  write16(static_cast<std::uint16_t>(query.qtype));
  write16(static_cast<std::uint16_t>(query.qclass));
}

void MessageWriter::add(Section section, NameView owner, RrsetView rrset,
                        std::size_t first) {
  const bool always_fits = rrset.count() <= kAlwaysFit;
  const std::size_t start = always_fits ? 0 : first % rrset.count();
  RrsetView::Iterator rdata = rrset.begin();
  for (std::size_t i = 0; i < start; ++i) ++rdata;
  for (std::size_t i = start; i < start + rrset.count(); ++i, ++rdata) {
    if (i == rrset.count()) rdata = rrset.begin();
    add(section, owner, rrset.type(), rrset.ttl(), *rdata);
  }
}

void MessageWriter::add(Section section, NameView owner, RrType type,
                        std::uint32_t ttl,
                        std::span<const std::uint8_t> rdata) {
  const bool joins = !rrsets_.empty() && last_owner_ == owner.data() &&
                     last_type_ == type && rrsets_.back().section == section;
  const std::size_t offset = size_;
  if (!write_record(owner, type, ttl, rdata)) {
    size_ = offset;
    partial_ = true;
    return;
  }
  if (!joins) {
    const bool rotates = type == RrType::kA || type == RrType::kAaaa;
    rrsets_.push_back(
        {static_cast<std::uint16_t>(offset), 0, 0, section, rotates});
  }
  last_type_ = type;
  RrsetSpan& rrset = rrsets_.back();
  rrset.size = static_cast<std::uint16_t>(size_ - rrset.offset);
  ++rrset.count;
  // The first may have spelled an owner that the others point to.
  if (rrset.size != (size_ - offset) * rrset.count) rrset.rotates = false;
}

void MessageWriter::add(const EncodedSoa& soa) {
  const std::size_t offset = size_;
  if (offset + soa.size() > kMostOctets) {
    partial_ = true;
    return;
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

// False when it does not fit.
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
  const std::size_t length = size_ - length_at - 2;
  message_[length_at] = static_cast<std::uint8_t>(length >> 8);
  message_[length_at + 1] = static_cast<std::uint8_t>(length);
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
  // Never a pointer to a pointer.
  last_owner_pointer_ = static_cast<std::uint16_t>(at);
  if ((message_[at] & 0xC0) == 0xC0) {
    last_owner_pointer_ = static_cast<std::uint16_t>(
        (message_[at] & 0x3F) << 8 | message_[at + 1]);
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

// Labels up to the longest suffix that stands in the message already, then a
// pointer to it.  What was written new can be pointed to later.
void MessageWriter::write_name(NameView name, bool compress) {
  const NameView whole = name;
  const std::size_t start = size_;
  std::optional<std::uint16_t> known;
  for (; !name.is_root(); name = name.parent()) {
    known = place_of(name);
    if (known) break;
    const std::string_view label = name.first_label();
    write(name.wire().first(1 + label.size()));
  }
  const std::size_t fresh = size_ - start;
  if (known && compress) {
    write16(0xC000U | *known);
  } else {
    write(name.wire());
  }
  remember_suffixes(whole, start, fresh);
}

std::optional<std::uint16_t> MessageWriter::place_of(NameView name) const {
  if (qname_.is_subdomain_of(name)) {
    return static_cast<std::uint16_t>(kHeaderSize + qname_.size() -
                                      name.size());
  }
  return names_.find(name, message_);
}

// The suffixes of `name` that begin in its first `octets`, written at `at`.
void MessageWriter::remember_suffixes(NameView name, std::size_t at,
                                      std::size_t octets) {
  for (const std::size_t end = at + octets;
       at < end && at <= NameTable::kMaxOffset; name = name.parent()) {
    names_.insert(name, static_cast<std::uint16_t>(at));
    at += 1 + name.first_label().size();
  }
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
  writer.start(query);
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
  return writer.finish(answer.rcode, flags);
}

EncodedAnswer empty_answer(const Query& query, Rcode rcode, std::uint16_t flags,
                           MessageWriter& writer) {
  writer.start(query);
  return writer.finish(rcode, flags);
}

}  // namespace canopy
