#include "zones/stored_rdata.h"

#include <algorithm>

#include "zones/rdata_layout.h"

namespace canopy {

bool operator==(const StoredRdata& a, const StoredRdata& b) {
  return a.has_suffix == b.has_suffix && std::ranges::equal(a.octets, b.octets);
}

bool operator<(const StoredRdata& a, const StoredRdata& b) {
  if (a.has_suffix != b.has_suffix) return b.has_suffix;
  return std::ranges::lexicographical_compare(a.octets, b.octets);
}

StoredRdata stored_rdata(RrType type, std::span<const std::uint8_t> rdata,
                         NameView suffix) {
  const RdataLayout layout = rdata_layout(type);
  const bool ends_in_name = layout.names == 1 && layout.after == 0;
  if (!ends_in_name || suffix.is_root()) return {rdata};
  // The suffix may begin only at a label.
  for (std::size_t at = layout.before;
       at < rdata.size() && rdata.size() - at >= suffix.size();
       at += 1U + rdata[at]) {
    const auto end = rdata.subspan(at);
    if (std::ranges::equal(end, suffix.wire())) return {rdata.first(at), true};
  }
  return {rdata};
}

std::span<const std::uint8_t> full_rdata(const StoredRdata& rdata,
                                         NameView suffix, RdataBuffer& buffer) {
  if (!rdata.has_suffix) return rdata.octets;
  const auto end = std::ranges::copy(rdata.octets, buffer.begin()).out;
  return {buffer.begin(), std::ranges::copy(suffix.wire(), end).out};
}

}  // namespace canopy
