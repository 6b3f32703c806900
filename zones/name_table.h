// Where names other than the question's stand in a message that is being
// written, so that later ones can point there.  Case does not count.  Bounded:
// once full it forgets nothing and learns no more, and names are written out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zones/name.h"

namespace canopy {

class NameTable {
 public:
  NameTable() : slots_(kSlots) {}

  void clear();
  // Where in `message` this name stands.
  std::optional<std::uint16_t> find(
      NameView name, std::span<const std::uint8_t> message) const;
  // REQUIRES: `name` is written at `offset`, below kMaxOffset.
  void insert(NameView name, std::uint16_t offset);

  static constexpr std::size_t kMaxOffset = 0x3FFF;  // 14 bits

 private:
  static constexpr std::size_t kSlots = 4096;
  static constexpr std::size_t kMost = kSlots / 2;

  // Of the message that `generation` counts; 0 of none.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint16_t generation = 0;
    std::uint16_t offset = 0;
  };

  std::vector<Slot> slots_;
  std::uint16_t generation_ = 1;
  std::size_t size_ = 0;
};

}  // namespace canopy
