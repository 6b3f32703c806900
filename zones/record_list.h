// A compact list of records.  A Record has space for the longest name; a record
// in a list takes its own octets and nine more.
//
// Plain values, no threads.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "zones/rrset.h"

namespace canopy {

// A borrowed Record, valid until its list changes.
struct RecordView {
  NameView owner;
  RrType type;
  std::uint32_t ttl;  // seconds
  std::span<const std::uint8_t> rdata;
};

class RecordList {
 public:
  RecordList() = default;
  RecordList(std::initializer_list<Record> records);
  RecordList(const std::vector<Record>& records);

  void push_back(const Record& record);
  void append(const RecordList& other);

  bool empty() const { return places_.empty(); }
  std::size_t size() const { return places_.size(); }
  RecordView operator[](std::size_t index) const;

  // Sorts by owner, then by type.  Equal records become adjacent.
  void sort();
  // Keeps only the records at `indexes`, which must be ascending.
  void keep(const std::vector<std::uint32_t>& indexes);

 private:
  RecordView view_at(std::uint32_t place) const;

  // Each record: owner's size, owner, type, TTL, rdata's size, rdata, in host
  // byte order.
  Octets octets_;
  std::vector<std::uint32_t> places_;  // offsets of the records
};

// A total order that ignores the owner's case.
std::strong_ordering compare(const RecordView& a, const RecordView& b);

}  // namespace canopy
