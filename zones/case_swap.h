// Undoes the random case (0x20) of an upstream query in the names of its
// answer.  Upstreams copy the question's labels into owner names and into
// rdata.  Clients must see their own case there.  A plain value; no threads.
#pragma once

#include <array>
#include <cstdint>

#include "zones/name.h"

namespace canopy {

class CaseSwap {
 public:
  // A swap that changes nothing.
  CaseSwap() = default;
  // Maps the case of `sent` to the case of `asked`, the name as the client
  // spelled it.  REQUIRES: both are the same name but for case.  Borrows both.
  CaseSwap(NameView sent, NameView asked);

  // Returns `name` with the client's case.  Every label that equals a sent
  // label octet for octet is replaced, at any position.  Upstreams answer with
  // the question's last labels (SRV), its first labels (DNAME), or some in
  // between (names rewritten on the way).
  Name applied(const Name& name) const;

 private:
  // A label of the question whose case differs: its offset in both names, and
  // the index plus one of the next label in the same slot.
  struct Changed {
    std::uint8_t offset = 0;
    std::uint8_t next = 0;
  };
  static constexpr std::size_t kSlots = 64;
  static std::size_t slot_of(std::span<const std::uint8_t> label);

  const std::uint8_t* sent_ = nullptr;
  const std::uint8_t* asked_ = nullptr;
  std::size_t size_ = 0;
  std::array<Changed, kMaxLabels> changed_{};  // the first size_ are set
  std::array<std::uint8_t, kSlots> slots_{};   // index of the first, plus one
};

}  // namespace canopy
