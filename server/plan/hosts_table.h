// The names and addresses of hosts files (hosts(5)), as CoreDNS's directive
// `hosts` serves them.  Immutable; part of the Plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "zones/answer.h"
#include "zones/name.h"
#include "zones/record_list.h"
#include "zones/rr_types.h"

namespace canopy {

struct HostsRules {
  // Addresses are served for names below these domains.  Empty: for all names.
  std::vector<Name> domains{};
  // Names below these domains go to the next step when the table lacks them.
  // Empty: no names do, and a name that the table lacks is a failure.
  std::vector<Name> fall_through{};
  // True when, for names below `fall_through` that the table has, only A and
  // AAAA are answered here.
  bool other_types_fall_through = false;

  friend bool operator==(const HostsRules&, const HostsRules&) = default;
};

class HostsTable {
 public:
  // The most records of one name and type.  A message of 64 KiB can hold them.
  static constexpr std::size_t kMostRecords = kAlwaysFit;

  // `records` are A, AAAA and PTR records; duplicates count once.  Of more than
  // kMostRecords records of one name and type, the first in canonical order are
  // served.  The octets of all records must fit in 2 GiB.
  HostsTable(RecordList records, HostsRules rules);

  enum class Found : std::uint8_t {
    kAnswer,    // `answer` holds the records of this type, or none (NODATA)
    kNothing,   // the table has no part in this question: go on
    kLacksName  // the table lacks the name, and the name does not fall through
  };
  // Looks up (qname, qtype).  On kAnswer adds the records to `answer`.
  // REQUIRES: `qname` and this table outlive `answer`.
  Found find(NameView qname, RrType qtype, Answer& answer) const;

  std::size_t records() const { return records_; }
  // The records beyond kMostRecords, which are not served.
  std::size_t records_left_out() const { return records_left_out_; }

  friend bool operator==(const HostsTable&, const HostsTable&) = default;

 private:
  // The RRsets of an owner, in order of type; null when there is no such owner.
  const std::uint8_t* rrsets_of(NameView owner) const;
  // The same for the wildcard that covers `qname`.
  const std::uint8_t* wildcards_of(NameView qname) const;
  bool falls_through(NameView qname) const;

  HostsRules rules_;
  std::size_t records_ = 0;
  std::size_t records_left_out_ = 0;
  bool has_wildcards_ = false;
  // Each owner: size of its name, the name, its RRsets, a zero.  Each RRset:
  // RrsetHeader (zones/node_records.h), records.
  std::vector<std::uint8_t> octets_;
  std::vector<std::uint32_t> owners_;  // offsets, in order of order_folded()
};

// A table that successive plans share.  Null: none.
struct SharedHosts {
  std::shared_ptr<const HostsTable> table{};

  explicit operator bool() const { return table != nullptr; }
  const HostsTable* operator->() const { return table.get(); }

  // Equal when both tables are equal or both are null.
  friend bool operator==(const SharedHosts& a, const SharedHosts& b) {
    if (a.table == b.table) return true;
    return a.table != nullptr && b.table != nullptr && *a.table == *b.table;
  }
};

}  // namespace canopy
