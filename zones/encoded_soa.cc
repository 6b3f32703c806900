#include "zones/encoded_soa.h"

#include <cstring>

#include "zones/octets.h"

namespace canopy {

EncodedSoa::EncodedSoa(const Name& apex, std::uint32_t ttl, const Octets& rdata)
    : apex_(apex) {
  append_pointer();
  append16(octets_, static_cast<std::uint16_t>(RrType::kSoa));
  append16(octets_, static_cast<std::uint16_t>(RrClass::kIn));
  append16(octets_, ttl >> 16);
  append16(octets_, ttl);
  const std::size_t length_at = octets_.size();
  append16(octets_, 0);
  const NameView primary(rdata.data());
  const NameView responsible(rdata.data() + primary.size());
  append(primary);
  append(responsible);
  octets_.insert(octets_.end(), responsible.data() + responsible.size(),
                 rdata.data() + rdata.size());
  store16(octets_, length_at, octets_.size() - length_at - 2);
}

void EncodedSoa::write(std::uint8_t* to, std::size_t apex_at) const {
  std::memcpy(to, octets_.data(), octets_.size());
  for (const std::uint16_t at : pointers_) {
    store16({to + at, 2}, 0, 0xC000 | apex_at);
  }
}

void EncodedSoa::append(NameView name) {
  const bool points = name.is_subdomain_of(apex_) && !apex_.view().is_root();
  const std::size_t size = name.size() - (points ? apex_.size() : 0);
  octets_.insert(octets_.end(), name.data(), name.data() + size);
  if (points) append_pointer();
}

void EncodedSoa::append_pointer() {
  pointers_.push_back(static_cast<std::uint16_t>(octets_.size()));
  append16(octets_, 0xC000);
}

}  // namespace canopy
