#include "zones/case_swap.h"

#include <algorithm>

namespace canopy {

CaseSwap::CaseSwap(NameView sent, NameView asked)
    : sent_(sent.data()), asked_(asked.data()) {
  std::size_t at = 0;
  while (sent_[at] != 0) {
    const std::size_t size = 1U + sent_[at];
    const std::span label(sent_ + at, size);
    if (!std::equal(label.begin(), label.end(), asked_ + at)) {
      std::uint8_t& first = slots_[slot_of(label)];
      changed_[size_++] = {static_cast<std::uint8_t>(at), first};
      first = static_cast<std::uint8_t>(size_);
    }
    at += size;
  }
}

std::size_t CaseSwap::slot_of(std::span<const std::uint8_t> label) {
  return hash_exact(label, 0) % kSlots;
}

Name CaseSwap::applied(const Name& name) const {
  if (size_ == 0) return name;
  std::array<std::uint8_t, kMaxNameSize> wire;
  std::ranges::copy(name.wire(), wire.begin());
  for (std::size_t at = 0; wire[at] != 0; at += 1U + wire[at]) {
    const std::span label(&wire[at], 1U + wire[at]);
    for (std::size_t i = slots_[slot_of(label)]; i != 0;
         i = changed_[i - 1].next) {
      const std::size_t offset = changed_[i - 1].offset;
      if (!std::equal(label.begin(), label.end(), sent_ + offset)) continue;
      std::copy_n(asked_ + offset, label.size(), label.begin());
      break;
    }
  }
  return Name(NameView(wire.data(), name.size()));
}

}  // namespace canopy
