// The positions of names in a message that is being written, so that later
// names can point to them.  The question's name is not included.  Case is
// ignored.  Bounded: a full table keeps its names and ignores new ones, which
// are then written without compression.  The same happens when many names fall
// into neighbouring slots.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zones/name.h"

namespace canopy {

class NameTable {
 public:
  NameTable();

  void clear();

  // A name and its suffixes, one for each label, with their hashes.  Suffix
  // number 0 is the whole name; the root is not a suffix.  Borrows the name.
  class Suffixes {
   public:
    std::size_t size() const { return labels_.size(); }
    const Labels& labels() const { return labels_; }
    // REQUIRES, here and below: `i` is less than size(), or the name is the
    // root.
    NameView at(std::size_t i) const {
      if (labels_.size() == 0) return name_;
      const std::size_t before = labels_.offset(i);
      return {name_.data() + before, name_.size() - before};
    }

   private:
    friend class NameTable;
    Suffixes(NameView name, std::uint64_t seed);

    NameView name_;
    Labels labels_;
    std::array<std::uint32_t, kMaxLabels> hashes_;  // labels_.size() of them
  };
  Suffixes suffixes(NameView name) const { return {name, seed_}; }

  // The position in `message` of suffix number `i`.  Nothing when it is not
  // there, or when a name that points there would need more than kMostPointers
  // pointers.
  std::optional<std::uint16_t> find(
      const Suffixes& name, std::size_t i,
      std::span<const std::uint8_t> message) const;
  // Records that the suffix is written at `offset`.  Does nothing above
  // kMaxOffset.
  void insert(const Suffixes& name, std::size_t i, std::size_t offset);

  static constexpr std::size_t kMaxOffset = 0x3FFF;  // 14 bits
  // Some resolvers refuse names with more than ten pointers.  A record's owner
  // may need one more pointer, to the previous owner.
  static constexpr std::size_t kMostPointers = 7;

 private:
  static constexpr std::size_t kSlots = 4096;
  static constexpr std::size_t kMost = kSlots / 2;
  // The most slots searched for one name.
  static constexpr std::size_t kMostProbes = 16;

  // A name of the message with number `generation`; 0 for an empty slot.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint16_t generation = 0;
    std::uint16_t offset = 0;
  };

  // Random, so that an attacker cannot choose names with colliding hashes.
  const std::uint64_t seed_;
  std::vector<Slot> slots_;
  std::uint16_t generation_ = 1;
  std::size_t size_ = 0;
};

}  // namespace canopy
