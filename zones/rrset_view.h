// A borrowed RRset: records of one owner and type, in the storage form of
// zones.
#pragma once

#include <cstdint>
#include <span>

#include "zones/rr_types.h"
#include "zones/stored_rdata.h"

namespace canopy {

// Types without rdata that give their owner name a property.
constexpr bool is_marker(RrType type) {
  return type == RrType::kName || type == RrType::kDashedAddresses;
}

// Types that exist only inside zones; no question can ask for them.
constexpr bool is_internal(RrType type) {
  return is_marker(type) || type == RrType::kWeakPtr;
}

// This many records of any type that clusters use fit into a message of 64 KiB.
inline constexpr std::size_t kAlwaysFit = 200;

// A larger RRset has a mark for every kRecordsPerMark-th record: the record's
// offset from the first record, in octets, as 32 bits with the low octet first.
// With marks, a reply can start at any record.
inline constexpr std::size_t kRecordsPerMark = 64;
inline constexpr std::size_t kMarkSize = 4;
constexpr std::size_t marks_of(std::size_t records) {
  return records <= kAlwaysFit ? 0 : (records - 1) / kRecordsPerMark;
}

class RrsetView {
 public:
  // `records` is in the format of append_record().  `suffix` is the suffix of
  // their zone.  `marks` is as above; may be null up to kAlwaysFit records.
  RrsetView(RrType type, std::uint32_t ttl, std::uint32_t count,
            const std::uint8_t* records, NameView suffix,
            const std::uint8_t* marks = nullptr)
      : type_(type),
        ttl_(ttl),
        count_(count),
        records_(records),
        marks_(marks),
        suffix_(suffix) {}

  RrType type() const { return type_; }
  // The same records under another type.
  RrsetView as(RrType type) const {
    RrsetView view = *this;
    view.type_ = type;
    return view;
  }
  std::uint32_t ttl() const { return ttl_; }
  // The number of distinct records.
  std::uint32_t count() const { return count_; }
  bool always_fits() const { return count_ <= kAlwaysFit; }

  class Iterator {
   public:
    Iterator(const std::uint8_t* at, NameView suffix)
        : at_(at), suffix_(suffix) {}

    // The rdata, valid until the iterator is moved or destroyed.
    std::span<const std::uint8_t> operator*() const {
      return full_rdata(StoredRecord(at_).rdata(), suffix_, buffer_);
    }
    Iterator& operator++() {
      at_ = StoredRecord(at_).end();
      return *this;
    }
    // The number of times the record was added, less its removals.
    std::uint64_t contributions() const {
      return StoredRecord(at_).contributions();
    }

   private:
    const std::uint8_t* at_;
    NameView suffix_;
    mutable RdataBuffer buffer_;
  };
  Iterator begin() const { return {records_, suffix_}; }
  // Record number `n`, in a bounded number of steps.  REQUIRES: `n` is less
  // than count().
  Iterator at(std::size_t n) const {
    const std::size_t mark = always_fits() ? 0 : n / kRecordsPerMark;
    Iterator record(records_ + (mark == 0 ? 0 : marked(mark - 1)), suffix_);
    for (std::size_t i = mark * kRecordsPerMark; i < n; ++i) ++record;
    return record;
  }

 private:
  std::uint32_t marked(std::size_t mark) const {
    std::uint32_t offset = 0;
    for (std::size_t i = kMarkSize; i > 0; --i) {
      offset = offset << 8 | marks_[mark * kMarkSize + i - 1];
    }
    return offset;
  }

  RrType type_;
  std::uint32_t ttl_;
  std::uint32_t count_;
  const std::uint8_t* records_;
  const std::uint8_t* marks_;
  NameView suffix_;
};

}  // namespace canopy
