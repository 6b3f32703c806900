#include "server/forward/record_copier.h"

#include <algorithm>

#include "zones/message_index.h"
#include "zones/octets.h"

namespace canopy {
namespace {

// Returns the last field of an SOA.  REQUIRES: `soa` is complete.
std::uint32_t minimum_of(std::span<const std::uint8_t> soa) {
  return load32(soa, soa.size() - 4);
}

}  // namespace

void RecordCopier::copy(std::span<const std::uint8_t> message,
                        std::span<const RrsetSpan> rrsets) {
  MessageReader reader(message);
  for (const RrsetSpan& rrset : rrsets) {
    reader.seek(rrset.offset);
    for (unsigned i = 0; i < rrset.count; ++i) {
      if (!copy_record(rrset.section, reader, message)) return;
    }
  }
}

bool RecordCopier::copy_record(Section section, MessageReader& reader,
                               std::span<const std::uint8_t> message) {
  const auto record = reader.record();
  if (!record) return false;
  const auto rdata = expanded_rdata(reader, *record, message, case_swap_);
  if (!rdata) return false;
  std::uint32_t ttl = record->ttl;
  if (section == Section::kAuthority && record->type == RrType::kSoa) {
    ttl = std::min(ttl, minimum_of(*rdata));
  }
  writer_.add(section, kept(case_swap_.applied(record->owner)), record->type,
              ttl, *rdata);
  return true;
}

NameView RecordCopier::kept(const Name& owner) {
  if (!(owners_[last_] == owner)) {
    last_ = 1 - last_;
    owners_[last_] = owner;
  }
  return owners_[last_];
}

}  // namespace canopy
