// Where names other than the question's stand in a message that is being
// written, so that later ones can point there.  Case does not count.  Bounded:
// once full it forgets nothing and learns no more, and names are written out;
// so too where many names fall to one place.
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

  // A name and the suffixes that begin at its labels, with their hashes.
  // Number 0 is the name; the root is none of them.  Borrows the name.
  class Suffixes {
   public:
    std::size_t size() const { return labels_.size(); }
    const Labels& labels() const { return labels_; }
    // REQUIRES, here and below: `i` is less than size(), or the name the root.
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

  // The position in `message` of suffix number `i`, unless a name that points
  // there would have more than kMostPointers pointers.
  std::optional<std::uint16_t> find(
      const Suffixes& name, std::size_t i,
      std::span<const std::uint8_t> message) const;
  // That it is written at `offset`.  Does nothing above kMaxOffset.
  void insert(const Suffixes& name, std::size_t i, std::size_t offset);

  static constexpr std::size_t kMaxOffset = 0x3FFF;  // 14 bits
  // Some resolvers refuse names of more than ten.  A record's owner may add one
  // that points to the owner before.
  static constexpr std::size_t kMostPointers = 7;

 private:
  static constexpr std::size_t kSlots = 4096;
  static constexpr std::size_t kMost = kSlots / 2;
  // Slots looked at for one name.
  static constexpr std::size_t kMostProbes = 16;

  // Of the message that `generation` counts; 0 of none.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint16_t generation = 0;
    std::uint16_t offset = 0;
  };

  // Random, so that nobody can choose names with colliding hashes.
  const std::uint64_t seed_;
  std::vector<Slot> slots_;
  std::uint16_t generation_ = 1;
  std::size_t size_ = 0;
};

}  // namespace canopy
