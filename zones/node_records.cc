#include "zones/node_records.h"

#include <algorithm>
#include <functional>

namespace canopy {
namespace {

// The largest size of packed counts: 3 octets for 21 bits, 5 for 35.
constexpr std::size_t kMaxHeaderSize = 3 + 5 + 5 + 5;
constexpr std::size_t kMaxRecordHead = 5 + 3;

StoredRecord opened(RecordOctets record) { return StoredRecord(record.data()); }

// Copies records that are adjacent in memory with one copy.
void append_runs(std::vector<std::uint8_t>& octets,
                 std::span<const RecordOctets> records) {
  for (auto first = records.begin(); first != records.end();) {
    const std::uint8_t* end = first->data();
    auto last = first;
    for (; last != records.end() && last->data() == end; ++last) {
      end += last->size();
    }
    octets.insert(octets.end(), first->data(), end);
    first = last;
  }
}

void append_marks(std::vector<std::uint8_t>& octets,
                  std::span<const RecordOctets> records) {
  if (marks_of(records.size()) == 0) return;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < records.size(); offset += records[i++].size()) {
    if (i == 0 || i % kRecordsPerMark != 0) continue;
    for (std::size_t n = 0; n < kMarkSize; ++n) {
      octets.push_back(static_cast<std::uint8_t>(offset >> 8 * n));
    }
  }
}

}  // namespace

OpenRecords::OpenRecords(std::span<const std::uint8_t> octets, NameView suffix)
    : suffix_(suffix), memory_(first_memory_.data(), first_memory_.size()) {
  const std::uint8_t* at = octets.data();
  const std::uint8_t* const end = at + octets.size();
  while (at < end) {
    const RrsetHeader header = RrsetHeader::read(at);
    Rrset rrset{header.type, header.ttl, {}};
    rrset.records.reserve(header.count + 1U);
    for (unsigned i = 0; i < header.count; ++i) {
      const std::uint8_t* const next = StoredRecord(at).end();
      rrset.records.emplace_back(at, next);
      at = next;
    }
    at += marks_of(header.count) * kMarkSize;
    rrsets_.push_back(std::move(rrset));
  }
}

void OpenRecords::add(const LabelTree::Change& change) {
  auto rrset = place_of(change.type);
  const auto type = static_cast<std::uint16_t>(change.type);
  if (rrset == rrsets_.end() || rrset->type != type) {
    rrset = rrsets_.insert(rrset, Rrset{type, change.ttl, {}});
  }
  rrset->ttl = std::min(rrset->ttl, change.ttl);
  const StoredRdata rdata = stored_rdata(change.type, change.rdata, suffix_);
  const Place place = place_of(rdata, *rrset);
  if (place != rrset->records.end() && opened(*place).rdata() == rdata) {
    *place = record(opened(*place).contributions() + 1, rdata);
  } else {
    rrset->records.insert(place, record(1, rdata));
  }
}

bool OpenRecords::remove(const LabelTree::Change& change) {
  const auto rrset = place_of(change.type);
  if (rrset == rrsets_.end() ||
      rrset->type != static_cast<std::uint16_t>(change.type)) {
    return false;
  }
  const StoredRdata rdata = stored_rdata(change.type, change.rdata, suffix_);
  const Place place = place_of(rdata, *rrset);
  if (place == rrset->records.end() || !(opened(*place).rdata() == rdata)) {
    return false;
  }
  const std::uint64_t contributions = opened(*place).contributions();
  if (contributions > 1) {
    *place = record(contributions - 1, rdata);
    return true;
  }
  rrset->records.erase(place);
  if (rrset->records.empty()) rrsets_.erase(rrset);
  return true;
}

std::size_t OpenRecords::count() const {
  std::size_t count = 0;
  for (const Rrset& rrset : rrsets_) count += rrset.records.size();
  return count;
}

std::vector<std::uint8_t> OpenRecords::octets() const {
  std::vector<std::uint8_t> octets;
  for (const Rrset& rrset : rrsets_) {
    std::size_t size = 0;
    for (const RecordOctets& record : rrset.records) size += record.size();
    octets.reserve(octets.size() + kMaxHeaderSize + size +
                   marks_of(rrset.records.size()) * kMarkSize);
    RrsetHeader{rrset.type, static_cast<std::uint32_t>(rrset.records.size()),
                rrset.ttl, static_cast<std::uint32_t>(size)}
        .append_to(octets);
    append_runs(octets, rrset.records);
    append_marks(octets, rrset.records);
  }
  return octets;
}

OpenRecords::Place OpenRecords::place_of(const StoredRdata& rdata,
                                         Rrset& rrset) {
  return std::ranges::lower_bound(
      rrset.records, rdata, std::less<>{},
      [](RecordOctets record) { return opened(record).rdata(); });
}

std::vector<OpenRecords::Rrset>::iterator OpenRecords::place_of(RrType type) {
  return std::ranges::lower_bound(rrsets_, static_cast<std::uint16_t>(type), {},
                                  &Rrset::type);
}

RecordOctets OpenRecords::record(std::uint64_t contributions,
                                 const StoredRdata& rdata) {
  // memory_ keeps the octets after the vector is destroyed, and frees them all
  // at once.
  std::pmr::vector<std::uint8_t> octets(&memory_);
  octets.reserve(rdata.octets.size() + kMaxRecordHead);
  append_record(octets, contributions, rdata);
  return octets;
}

}  // namespace canopy
