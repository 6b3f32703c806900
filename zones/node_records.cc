#include "zones/node_records.h"

#include <algorithm>

namespace canopy {
namespace {

constexpr std::uint16_t kMost = 0xFFFF;

}  // namespace

OpenRecords::OpenRecords(std::span<const std::uint8_t> octets, NameView suffix)
    : suffix_(suffix) {
  const std::uint8_t* at = octets.data();
  const std::uint8_t* const end = at + octets.size();
  while (at < end) {
    const RrsetHeader header = RrsetHeader::read(at);
    Rrset rrset{header.type, header.ttl, {}};
    rrset.records.reserve(header.count + 1U);
    for (unsigned i = 0; i < header.count; ++i) {
      const StoredRecord record(at);
      rrset.records.push_back(
          {static_cast<std::uint16_t>(record.contributions()), record.rdata()});
      at = record.end();
    }
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
  const Place record = place_of(rdata, *rrset);
  if (record != rrset->records.end() && record->rdata == rdata) {
    if (record->contributions < kMost) ++record->contributions;
    return;
  }
  if (rrset->records.size() < kMost) {
    rrset->records.insert(record, {1, rdata});
  }
}

bool OpenRecords::remove(const LabelTree::Change& change) {
  const auto rrset = place_of(change.type);
  if (rrset == rrsets_.end() ||
      rrset->type != static_cast<std::uint16_t>(change.type)) {
    return false;
  }
  const StoredRdata rdata = stored_rdata(change.type, change.rdata, suffix_);
  const Place record = place_of(rdata, *rrset);
  if (record == rrset->records.end() || !(record->rdata == rdata)) {
    return false;
  }
  if (--record->contributions == 0) rrset->records.erase(record);
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
  std::vector<std::uint8_t> records;
  for (const Rrset& rrset : rrsets_) {
    records.clear();
    for (const Entry& record : rrset.records) {
      append_record(records, record.contributions, record.rdata);
    }
    RrsetHeader{rrset.type, static_cast<std::uint16_t>(rrset.records.size()),
                rrset.ttl, static_cast<std::uint32_t>(records.size())}
        .append_to(octets);
    octets.insert(octets.end(), records.begin(), records.end());
  }
  return octets;
}

OpenRecords::Place OpenRecords::place_of(const StoredRdata& rdata,
                                         Rrset& rrset) {
  return std::lower_bound(rrset.records.begin(), rrset.records.end(), rdata,
                          [](const Entry& record, const StoredRdata& wanted) {
                            return record.rdata < wanted;
                          });
}

std::vector<OpenRecords::Rrset>::iterator OpenRecords::place_of(RrType type) {
  return std::ranges::lower_bound(rrsets_, static_cast<std::uint16_t>(type), {},
                                  &Rrset::type);
}

}  // namespace canopy
