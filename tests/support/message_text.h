// DNS messages as text, for comparing: the rcode and flags, then the records,
// a section after the other.  By our own reader; tests/support/oracle.h says
// the same by ldns.
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

// "malformed" where the message is.
std::string message_text(std::span<const std::uint8_t> message);

// "AA TC" as "aa tc": in the order aa tc rd ra ad cd.
std::string flags_text(std::uint16_t flags);

}  // namespace canopy::test
