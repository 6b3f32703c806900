#include "zones/name_table.h"

#include <algorithm>

namespace canopy {
namespace {

// Names of one message differ in their first label or their size, mostly.
std::uint32_t hash_of(NameView name) {
  return static_cast<std::uint32_t>(hash_folded(
      name.wire().first(1 + name.first_label().size()), name.size()));
}

// Compares with a name in a message of our own making, following pointers.
bool stands_at(NameView name, std::size_t at,
               std::span<const std::uint8_t> message) {
  while (true) {
    while ((message[at] & 0xC0) == 0xC0) {
      at = static_cast<std::size_t>(message[at] & 0x3F) << 8 | message[at + 1];
    }
    const std::string_view label(
        reinterpret_cast<const char*>(&message[at]) + 1, message[at]);
    if (!equal_folded(label, name.first_label())) return false;
    if (name.is_root()) return true;
    name = name.parent();
    at += 1 + label.size();
  }
}

}  // namespace

// What an older message left must not be taken for this one's when the count
// of generations comes round.
void NameTable::clear() {
  size_ = 0;
  if (++generation_ != 0) return;
  std::ranges::fill(slots_, Slot{});
  generation_ = 1;
}

std::optional<std::uint16_t> NameTable::find(
    NameView name, std::span<const std::uint8_t> message) const {
  if (size_ == 0) return std::nullopt;
  const std::uint32_t hash = hash_of(name);
  for (std::size_t i = hash % kSlots;; i = (i + 1) % kSlots) {
    const Slot& slot = slots_[i];
    if (slot.generation != generation_) return std::nullopt;
    if (slot.hash == hash && stands_at(name, slot.offset, message)) {
      return slot.offset;
    }
  }
}

void NameTable::insert(NameView name, std::uint16_t offset) {
  if (size_ == kMost) return;
  const std::uint32_t hash = hash_of(name);
  std::size_t i = hash % kSlots;
  while (slots_[i].generation == generation_) i = (i + 1) % kSlots;
  slots_[i] = {hash, generation_, offset};
  ++size_;
}

}  // namespace canopy
