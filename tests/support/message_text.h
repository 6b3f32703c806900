// DNS messages as text, for comparison: the rcode and flags, then the records
// of each section.  Uses our own reader; tests/support/oracle.h makes the same
// text with ldns.
//
//   NOERROR aa ra
//   db.prod.svc.cluster.local. 30 IN A 10.0.0.7
//   ; authority
//   cluster.local. 5 IN SOA ...
//   ; additional
//   ; edns 1232 do ede=14 "not ready"
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "zones/encoded_answer.h"

namespace canopy::test {

// Returns "malformed" for a malformed message.
std::string message_text(std::span<const std::uint8_t> message);

// Returns flags in lower case, in the order aa tc rd ra ad cd.
std::string flags_text(std::uint16_t flags);

}  // namespace canopy::test
