#include "zones/record_list.h"

#include <algorithm>
#include <cstring>

namespace canopy {
namespace {

template <typename Number>
void append_number(Octets& octets, Number number) {
  std::uint8_t raw[sizeof number];
  std::memcpy(raw, &number, sizeof number);
  octets.insert(octets.end(), raw, raw + sizeof number);
}

template <typename Number>
Number read_number(const std::uint8_t*& at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  at += sizeof number;
  return number;
}

}  // namespace

RecordList::RecordList(std::initializer_list<Record> records) {
  for (const Record& record : records) push_back(record);
}

RecordList::RecordList(const std::vector<Record>& records) {
  for (const Record& record : records) push_back(record);
}

void RecordList::push_back(const Record& record) {
  places_.push_back(static_cast<std::uint32_t>(octets_.size()));
  const auto owner = record.owner.wire();
  append_number(octets_, static_cast<std::uint8_t>(owner.size()));
  octets_.insert(octets_.end(), owner.begin(), owner.end());
  append_number(octets_, static_cast<std::uint16_t>(record.type));
  append_number(octets_, record.ttl);
  append_number(octets_, static_cast<std::uint16_t>(record.rdata.size()));
  octets_.insert(octets_.end(), record.rdata.begin(), record.rdata.end());
}

void RecordList::append(const RecordList& other) {
  const auto start = static_cast<std::uint32_t>(octets_.size());
  octets_.insert(octets_.end(), other.octets_.begin(), other.octets_.end());
  for (const std::uint32_t place : other.places_) {
    places_.push_back(start + place);
  }
}

RecordView RecordList::operator[](std::size_t index) const {
  return view_at(places_[index]);
}

RecordView RecordList::view_at(std::uint32_t place) const {
  const std::uint8_t* at = octets_.data() + place;
  const auto owner_size = read_number<std::uint8_t>(at);
  const NameView owner(at, owner_size);
  at += owner_size;
  const RrType type{read_number<std::uint16_t>(at)};
  const auto ttl = read_number<std::uint32_t>(at);
  const auto size = read_number<std::uint16_t>(at);
  return {owner, type, ttl, {at, size}};
}

void RecordList::sort() {
  std::ranges::sort(places_, [this](std::uint32_t a, std::uint32_t b) {
    return compare(view_at(a), view_at(b)) < 0;
  });
}

void RecordList::keep(const std::vector<std::uint32_t>& indexes) {
  std::size_t kept = 0;
  for (const std::uint32_t index : indexes) places_[kept++] = places_[index];
  places_.resize(kept);
}

std::strong_ordering compare(const RecordView& a, const RecordView& b) {
  if (const auto order = order_folded(a.owner.wire(), b.owner.wire());
      order != 0) {
    return order;
  }
  if (const auto order = a.type <=> b.type; order != 0) return order;
  if (const auto order = a.ttl <=> b.ttl; order != 0) return order;
  return std::lexicographical_compare_three_way(a.rdata.begin(), a.rdata.end(),
                                                b.rdata.begin(), b.rdata.end());
}

}  // namespace canopy
