#include "zones/name_table.h"

#include <algorithm>
#include <random>

#include "zones/octets.h"

namespace canopy {
namespace {

// True when `name` is at offset `at` of `message`, which we wrote ourselves.
// Follows at most NameTable::kMostPointers pointers.
bool stands_at(NameView name, std::size_t at,
               std::span<const std::uint8_t> message) {
  std::size_t pointers = 1;  // the one that would lead to `at`
  while (true) {
    while ((message[at] & 0xC0) == 0xC0) {
      if (++pointers > NameTable::kMostPointers) return false;
      at = load16(message, at) & 0x3FFF;
    }
    const std::string_view label(
        reinterpret_cast<const char*>(&message[at]) + 1, message[at]);
    if (!equal_folded(label, name.first_label())) return false;
    if (name.is_root()) return true;
    name = name.parent();
    at += 1 + label.size();
  }
}

std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

NameTable::NameTable() : seed_(random_seed()), slots_(kSlots) {}

// Works from the right: the hash of a suffix combines its first label with the
// hash of the rest.
NameTable::Suffixes::Suffixes(NameView name, std::uint64_t seed)
    : name_(name), labels_(name.data()) {
  std::uint64_t hash = seed;
  for (std::size_t i = labels_.size(); i-- > 0;) {
    hash = hash_folded(
        name.wire().subspan(labels_.offset(i), 1 + labels_[i].size()), hash);
    hashes_[i] = static_cast<std::uint32_t>(hash);
  }
}

// When the generation count wraps around, entries of an old message must not
// look current.
void NameTable::clear() {
  size_ = 0;
  if (++generation_ != 0) return;
  std::ranges::fill(slots_, Slot{});
  generation_ = 1;
}

std::optional<std::uint16_t> NameTable::find(
    const Suffixes& name, std::size_t i,
    std::span<const std::uint8_t> message) const {
  if (size_ == 0) return std::nullopt;
  const std::uint32_t hash = name.hashes_[i];
  for (std::size_t probe = 0; probe < kMostProbes; ++probe) {
    const Slot& slot = slots_[(hash + probe) % kSlots];
    if (slot.generation != generation_) return std::nullopt;
    if (slot.hash == hash && stands_at(name.at(i), slot.offset, message)) {
      return slot.offset;
    }
  }
  return std::nullopt;
}

void NameTable::insert(const Suffixes& name, std::size_t i,
                       std::size_t offset) {
  if (name.size() == 0 || size_ == kMost || offset > kMaxOffset) return;
  const std::uint32_t hash = name.hashes_[i];
  for (std::size_t probe = 0; probe < kMostProbes; ++probe) {
    Slot& slot = slots_[(hash + probe) % kSlots];
    if (slot.generation == generation_) continue;
    slot = {hash, generation_, static_cast<std::uint16_t>(offset)};
    ++size_;
    return;
  }
}

}  // namespace canopy
