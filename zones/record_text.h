// Records from their text in master-file form (RFC 1035 5.1).
#pragma once

#include <optional>
#include <string>

#include "zones/rrset.h"

namespace canopy {

// The TTL of a record whose text has none, as in CoreDNS.
inline constexpr std::uint32_t kMissingTtl = 3600;

// The record of class IN in `text`: "a.example. 60 IN MX 10 b.example".  TTL
// and class may be missing or swapped, names need no trailing dot, and rdata of
// any type may be in the form of RFC 3597.  Nothing for any other text, and for
// types that no zone can hold, such as OPT.  Time and memory are linear in the
// size of `text`.
std::optional<Record> record_from_text(const std::string& text);

// The type with this mnemonic, of all types that have one: "CAA", "TYPE123".
std::optional<RrType> any_type_from_text(const std::string& text);

}  // namespace canopy
