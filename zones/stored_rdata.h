// The storage form of records in zones: compact, and without the name suffix
// that most names of the zone share.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "zones/name.h"
#include "zones/packed_count.h"
#include "zones/rr_types.h"

namespace canopy {

// Rdata, without the suffix if it ended in the suffix.  Borrows the octets.
struct StoredRdata {
  std::span<const std::uint8_t> octets;
  bool has_suffix = false;

  friend bool operator==(const StoredRdata& a, const StoredRdata& b);
  friend bool operator<(const StoredRdata& a, const StoredRdata& b);
};

inline constexpr std::array<std::uint8_t, 1> kRootWire{0};
inline constexpr NameView kNoSuffix(kRootWire.data(), kRootWire.size());

// Removes `suffix` from the end of `rdata`, compared octet for octet so that
// case is kept.  Removes nothing if the type's rdata does not end in a name, or
// if `suffix` is kNoSuffix.
StoredRdata stored_rdata(RrType type, std::span<const std::uint8_t> rdata,
                         NameView suffix);

// Appends the number of objects that contribute the record, then twice the
// number of its octets, plus one if it has the suffix (both as
// zones/packed_count.h), then the octets.
template <typename Octets>
void append_record(Octets& octets, std::uint64_t contributions,
                   StoredRdata rdata) {
  append_count(octets, contributions);
  append_count(octets, rdata.octets.size() << 1 | (rdata.has_suffix ? 1 : 0));
  octets.insert(octets.end(), rdata.octets.begin(), rdata.octets.end());
}

// Reads one record in the format of append_record().
class StoredRecord {
 public:
  explicit StoredRecord(const std::uint8_t* at)
      : contributions_(read_count(at)) {
    const std::uint64_t size = read_count(at);
    rdata_ = {{at, size >> 1}, (size & 1) != 0};
  }

  std::uint64_t contributions() const { return contributions_; }
  const StoredRdata& rdata() const { return rdata_; }
  // The position of the next record, if there is one.
  const std::uint8_t* end() const {
    return rdata_.octets.data() + rdata_.octets.size();
  }

 private:
  std::uint64_t contributions_;
  StoredRdata rdata_;
};

// The size of a name, and of the fields before it in some types.
inline constexpr std::size_t kMaxFieldsBeforeName = 6;
using RdataBuffer =
    std::array<std::uint8_t, kMaxFieldsBeforeName + kMaxNameSize>;

// The complete rdata.  Uses `buffer` if the rdata has the suffix.
std::span<const std::uint8_t> full_rdata(const StoredRdata& rdata,
                                         NameView suffix, RdataBuffer& buffer);

}  // namespace canopy
