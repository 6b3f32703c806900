// Undoes the random case that a question was sent with (0x20) in the names of
// its answer.  Upstreams copy the question's labels into owner names and into
// rdata; clients must not see our capitals there.  A value; no threads.
#pragma once

#include <array>
#include <cstdint>

#include "zones/name.h"

namespace canopy {

class CaseSwap {
 public:
  // Changes nothing.
  CaseSwap() = default;
  // From the case that was `sent` to the one that the client `asked` in.
  // REQUIRES: the same name but for case.  Borrows both.
  CaseSwap(NameView sent, NameView asked);

  // `name`, with each label that is spelled octet for octet like one that was
  // sent spelled as the client did.  Wherever it stands: upstreams answer with
  // the question's last labels (SRV), its first ones (DNAME), or some between
  // (names rewritten on the way).
  Name applied(const Name& name) const;

 private:
  // A label of the question whose case differs: where it begins in both names,
  // and the next one of its slot, plus one.
  struct Changed {
    std::uint8_t offset = 0;
    std::uint8_t next = 0;
  };
  static constexpr std::size_t kSlots = 64;
  static std::size_t slot_of(std::span<const std::uint8_t> label);

  const std::uint8_t* sent_ = nullptr;
  const std::uint8_t* asked_ = nullptr;
  std::size_t size_ = 0;
  std::array<Changed, kMaxLabels> changed_{};  // size_ of them
  std::array<std::uint8_t, kSlots> slots_{};   // first of the slot, plus one
};

}  // namespace canopy
