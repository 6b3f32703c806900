// A borrowed RRset: records of one owner and type, as zones store them.
#pragma once

#include <cstdint>
#include <span>

#include "zones/rr_types.h"
#include "zones/stored_rdata.h"

namespace canopy {

// Types that only zones know and no question can ask for.
constexpr bool is_marker(RrType type) {
  return type == RrType::kName || type == RrType::kDashedAddresses;
}

class RrsetView {
 public:
  // `records` as append_record() writes them, `suffix` that of their zone.
  RrsetView(RrType type, std::uint32_t ttl, std::uint32_t count,
            const std::uint8_t* records, NameView suffix)
      : type_(type),
        ttl_(ttl),
        count_(count),
        records_(records),
        suffix_(suffix) {}

  RrType type() const { return type_; }
  std::uint32_t ttl() const { return ttl_; }
  // How many different records.
  std::uint32_t count() const { return count_; }

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

 private:
  RrType type_;
  std::uint32_t ttl_;
  std::uint32_t count_;
  const std::uint8_t* records_;
  NameView suffix_;
};

}  // namespace canopy
