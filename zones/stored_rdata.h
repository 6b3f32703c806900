// Records as zones keep them: few octets, and no end of a name that most
// names of the zone share.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "zones/name.h"
#include "zones/packed_count.h"
#include "zones/rr_types.h"

namespace canopy {

// Rdata without the suffix it ends in, if it does.  Borrows the octets.
struct StoredRdata {
  std::span<const std::uint8_t> octets;
  bool has_suffix = false;

  friend bool operator==(const StoredRdata& a, const StoredRdata& b);
  friend bool operator<(const StoredRdata& a, const StoredRdata& b);
};

inline constexpr std::array<std::uint8_t, 1> kRootWire{0};
inline constexpr NameView kNoSuffix(kRootWire.data(), kRootWire.size());

// Nothing is taken from rdata whose type does not end in a name, and nothing
// if `suffix` is kNoSuffix.  Octet for octet: case is kept.
StoredRdata stored_rdata(RrType type, std::span<const std::uint8_t> rdata,
                         NameView suffix);

// How many objects contribute the record; twice the size of its octets, plus
// one if it has the suffix (both as zones/packed_count.h); the octets.
template <typename Octets>
void append_record(Octets& octets, std::uint64_t contributions,
                   StoredRdata rdata) {
  append_count(octets, contributions);
  append_count(octets, rdata.octets.size() << 1 | (rdata.has_suffix ? 1 : 0));
  octets.insert(octets.end(), rdata.octets.begin(), rdata.octets.end());
}

// One record of that form.
class StoredRecord {
 public:
  explicit StoredRecord(const std::uint8_t* at)
      : contributions_(read_count(at)) {
    const std::uint64_t size = read_count(at);
    rdata_ = {{at, size >> 1}, (size & 1) != 0};
  }

  std::uint64_t contributions() const { return contributions_; }
  const StoredRdata& rdata() const { return rdata_; }
  // Where the next record stands, when there is one.
  const std::uint8_t* end() const {
    return rdata_.octets.data() + rdata_.octets.size();
  }

 private:
  std::uint64_t contributions_;
  StoredRdata rdata_;
};

// A name, and the fields of those types that have some before it.
inline constexpr std::size_t kMaxFieldsBeforeName = 6;
using RdataBuffer =
    std::array<std::uint8_t, kMaxFieldsBeforeName + kMaxNameSize>;

// The rdata in full; in `buffer` when it has the suffix.
std::span<const std::uint8_t> full_rdata(const StoredRdata& rdata,
                                         NameView suffix, RdataBuffer& buffer);

}  // namespace canopy
