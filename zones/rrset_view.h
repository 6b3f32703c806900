// A borrowed RRset: records of one owner and type, as zones store them.
#pragma once

#include <cstdint>
#include <span>

#include "zones/rr_types.h"
#include "zones/stored_rdata.h"

namespace canopy {

// Types without rdata, which say something of their owner's name.
constexpr bool is_marker(RrType type) {
  return type == RrType::kName || type == RrType::kDashedAddresses;
}

// Types that zones know and no question can ask for.
constexpr bool is_internal(RrType type) {
  return is_marker(type) || type == RrType::kWeakPtr;
}

// So many records of a type that clusters have fit into a message of 64 KiB.
inline constexpr std::size_t kAlwaysFit = 200;

// Where each so manyth record of a larger RRset stands: 32 bits, the low octet
// first, octets from the first record on.  So a reply can begin anywhere.
inline constexpr std::size_t kRecordsPerMark = 64;
inline constexpr std::size_t kMarkSize = 4;
constexpr std::size_t marks_of(std::size_t records) {
  return records <= kAlwaysFit ? 0 : (records - 1) / kRecordsPerMark;
}

class RrsetView {
 public:
  // `records` as append_record() writes them, `suffix` that of their zone.
  // `marks` as above; may be null up to kAlwaysFit records.
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
  // How many different records.
  std::uint32_t count() const { return count_; }
  bool always_fits() const { return count_ <= kAlwaysFit; }

  class Iterator {
   public:
    Iterator(const std::uint8_t* at, NameView suffix)
        : at_(at), suffix_(suffix) {}

    // The rdata, good until the iterator moves or goes.
    std::span<const std::uint8_t> operator*() const {
      return full_rdata(StoredRecord(at_).rdata(), suffix_, buffer_);
    }
    Iterator& operator++() {
      at_ = StoredRecord(at_).end();
      return *this;
    }
    // How often the record was added, more than it was removed.
    std::uint64_t contributions() const {
      return StoredRecord(at_).contributions();
    }

   private:
    const std::uint8_t* at_;
    NameView suffix_;
    mutable RdataBuffer buffer_;
  };
  Iterator begin() const { return {records_, suffix_}; }
  // REQUIRES: `n` is less than count().  Few steps, whatever n is.
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
