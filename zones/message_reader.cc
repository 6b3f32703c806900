#include "zones/message_reader.h"

#include <algorithm>

namespace canopy {
namespace {

constexpr std::uint8_t kPointer = 0xC0;

// The most options of a query's OPT record.  About a dozen are assigned.
constexpr int kMostOptions = 64;

// The option NSID.  Its value is ignored in queries (RFC 5001 2.1).
constexpr std::uint16_t kNsid = 3;

// RFC 6891 6.1.2: an option is a code, a length and a value.  False unless the
// options fill the rdata.
bool read_options(std::span<const std::uint8_t> rdata, Edns& edns) {
  for (int i = 0; !rdata.empty(); ++i) {
    if (rdata.size() < 4 || i == kMostOptions) return false;
    if (load16(rdata, 0) == kNsid) edns.asks_nsid = true;
    const std::size_t size = std::size_t{4} + load16(rdata, 2);
    if (rdata.size() < size) return false;
    rdata = rdata.subspan(size);
  }
  return true;
}

// RFC 6891 6.1.3: the OPT record's owner, class and TTL carry the other fields.
std::optional<Edns> decode_edns(const MessageReader::SkippedRecord& opt) {
  Edns edns;
  if (!opt.owner_is_root || !read_options(opt.rdata, edns)) return std::nullopt;
  edns.udp_size = std::max<std::uint16_t>(512, opt.rr_class);
  edns.version = static_cast<std::uint8_t>(opt.ttl >> 16);
  edns.dnssec_ok = (opt.ttl & 0x8000) != 0;
  return edns;
}

// The most records after the question of a query: the SOA of an IXFR, an OPT, a
// TSIG or SIG(0), and the same number again.  Queries with more are refused
// unread.
constexpr unsigned kMostQueryRecords = 8;

// Reads the records after the question; only OPT matters.
bool decode_records(MessageReader& reader, Query& query) {
  const unsigned before = reader.answer_count() + reader.authority_count();
  const unsigned all = before + reader.additional_count();
  if (all > kMostQueryRecords) return false;
  std::size_t labels = kMaxLabels;  // for all owners together
  for (unsigned i = 0; i < all; ++i) {
    const auto record = reader.skip_record(labels);
    if (!record) return false;
    if (record->type != RrType::kOpt) continue;
    if (i < before || query.edns) return false;  // RFC 6891 6.1.1
    query.edns = decode_edns(*record);
    if (!query.edns) return false;
  }
  return true;  // no RFC gives octets after the last record a meaning
}

std::optional<Refusal> decode_into(Query& query,
                                   std::span<const std::uint8_t> message) {
  if (message.size() < kHeaderSize) return Refusal{.drop = true};
  MessageReader reader(message);
  const std::uint16_t flags = reader.flags();
  if ((flags & flag::kQr) != 0) return Refusal{.drop = true};
  if (reader.opcode() != Opcode::kQuery) {
    return Refusal{.rcode = Rcode::kNotImp};
  }
  if (reader.question_count() != 1) return Refusal{};

  query.id = reader.id();
  query.recursion_desired = (flags & flag::kRd) != 0;
  query.authentic_data = (flags & flag::kAd) != 0;
  query.checking_disabled = (flags & flag::kCd) != 0;
  if (!reader.read_question(query) || query.qtype == RrType::kOpt ||
      !decode_records(reader, query)) {
    return Refusal{};
  }
  return std::nullopt;
}

}  // namespace

// Decodes into the result itself, because copying a name is expensive.
Result<Query, Refusal> decode_query(std::span<const std::uint8_t> message) {
  Result<Query, Refusal> result;
  if (const auto refusal = decode_into(*result, message)) {
    result.fail(*refusal);
  }
  return result;
}

bool MessageReader::read_question(Question& question) {
  if (!read_name(position_, question.qname) || !has(4)) return false;
  question.qtype = RrType{load16(position_)};
  question.qclass = RrClass{load16(position_ + 2)};
  position_ += 4;
  return true;
}

std::optional<Question> MessageReader::question() {
  std::optional<Question> question(std::in_place);
  if (!read_question(*question)) question.reset();
  return question;
}

std::optional<MessageRecord> MessageReader::record() {
  std::optional<MessageRecord> record(std::in_place);
  record->offset = position_;
  if (!read_name(position_, record->owner) || !has(10)) return std::nullopt;
  const std::size_t at = position_;
  const std::size_t size = load16(at + 8);
  position_ += 10;
  if (!has(size)) return std::nullopt;
  record->type = RrType{load16(at)};
  record->rr_class = load16(at + 2);
  record->ttl_offset = at + 4;
  record->ttl = load32(at + 4);
  record->rdata = message_.subspan(position_, size);
  position_ += size;
  return record;
}

std::optional<MessageReader::SkippedRecord> MessageReader::skip_record(
    std::size_t& labels) {
  const std::size_t owner = position_;
  if (!skip_name(labels) || !has(10)) return std::nullopt;
  const std::size_t at = position_;
  const std::size_t size = load16(at + 8);
  position_ += 10;
  if (!has(size)) return std::nullopt;
  position_ += size;
  return SkippedRecord{.owner_is_root = message_[owner] == 0,
                       .type = RrType{load16(at)},
                       .rr_class = load16(at + 2),
                       .ttl = load32(at + 4),
                       .rdata = message_.subspan(at + 10, size)};
}

bool MessageReader::skip_name(std::size_t& labels) {
  const std::size_t start = position_;
  while (position_ < message_.size()) {
    const std::uint8_t length = message_[position_];
    if (length == 0) {
      ++position_;
      return true;
    }
    if ((length & kPointer) == kPointer) {
      const bool goes_back = has(2) && leads_back(pointer_at(position_), start);
      position_ += 2;
      return goes_back;
    }
    if ((length & kPointer) != 0 || labels == 0) return false;
    --labels;
    position_ += 1U + length;
  }
  return false;
}

// RFC 1035 4.1.4.  A pointer must lead to an earlier name, which must end
// before all parts of this name that were read so far.  Therefore no message
// makes the reader loop, and no name reaches into later records.
bool MessageReader::read_name(std::size_t& position, Name& name) {
  name = Name();
  const std::uint8_t* const octets = message_.data();
  std::size_t at = position;
  std::size_t start = position;  // start of the labels being read
  std::size_t end = message_.size();
  int pointers = 0;
  for (;;) {
    // A longer run of labels would exceed the size of a name.
    const std::size_t stop = std::min(end, start + kMaxNameSize);
    std::size_t steps = 1;
    while (at < stop && octets[at] != 0 && (octets[at] & kPointer) == 0) {
      at += 1U + octets[at];
      ++steps;
    }
    if (at >= stop || steps > steps_left_) return false;
    steps_left_ -= steps;
    if (!name.append_labels(message_.subspan(start, at - start))) return false;
    const std::uint8_t length = octets[at];
    if (length == 0) {
      if (pointers == 0) position = at + 1;
      return true;
    }
    if ((length & kPointer) != kPointer || at + 1 >= end) return false;
    const std::size_t target = pointer_at(at);
    if (pointers == 0) position = at + 2;
    if (!leads_back(target, start) || ++pointers > kMostPointers) return false;
    end = start;
    at = start = target;
  }
}

std::optional<Name> MessageReader::name(std::size_t& position) {
  std::optional<Name> name(std::in_place);
  if (!read_name(position, *name)) return std::nullopt;
  return name;
}

}  // namespace canopy
