// The records of a node as octets: RRset after RRset, in order of type.  An
// RRset is a header, its sorted records (format: zones/stored_rdata.h) and, if
// it is large, its marks (zones/rrset_view.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "zones/label_tree.h"
#include "zones/packed_count.h"
#include "zones/rrset_view.h"
#include "zones/stored_rdata.h"

namespace canopy {

// Encoded as four counts (zones/packed_count.h).
struct RrsetHeader {
  std::uint16_t type;
  std::uint32_t count;
  std::uint32_t ttl;
  std::uint32_t size;  // octets of the records that follow, without marks

  // The distance from the end of this header to the next header.
  std::size_t body_size() const { return size + marks_of(count) * kMarkSize; }

  // Advances `at` past the header.
  static RrsetHeader read(const std::uint8_t*& at) {
    RrsetHeader header;
    header.type = static_cast<std::uint16_t>(read_count(at));
    header.count = static_cast<std::uint32_t>(read_count(at));
    header.ttl = static_cast<std::uint32_t>(read_count(at));
    header.size = static_cast<std::uint32_t>(read_count(at));
    return header;
  }
  void append_to(std::vector<std::uint8_t>& octets) const {
    append_count(octets, type);
    append_count(octets, count);
    append_count(octets, ttl);
    append_count(octets, size);
  }
};

using RecordOctets = std::span<const std::uint8_t>;  // by append_record()

// A node's records, opened for changes.  Borrows the octets.  Unchanged records
// are copied in runs.
class OpenRecords {
 public:
  // `suffix` is the tree's suffix.
  OpenRecords(std::span<const std::uint8_t> octets, NameView suffix);

  void add(const LabelTree::Change& change);
  // False when there is no such record.
  bool remove(const LabelTree::Change& change);

  std::size_t count() const;
  std::vector<std::uint8_t> octets() const;

 private:
  struct Rrset {
    std::uint16_t type;
    std::uint32_t ttl;
    std::vector<RecordOctets> records;
  };
  using Place = std::vector<RecordOctets>::iterator;

  // The record's position, or the position to insert it at.
  static Place place_of(const StoredRdata& rdata, Rrset& rrset);
  std::vector<Rrset>::iterator place_of(RrType type);
  RecordOctets record(std::uint64_t contributions, const StoredRdata& rdata);

  NameView suffix_;
  std::vector<Rrset> rrsets_;
  std::array<std::byte, 512> first_memory_;
  std::pmr::monotonic_buffer_resource memory_;  // holds new records
};

}  // namespace canopy
