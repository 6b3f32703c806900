// ldns as the second pair of eyes: what it reads, and messages it writes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "zones/query.h"
#include "zones/rrset.h"

namespace canopy::test {

// As message_text(), by ldns alone and without the OPT record; "malformed"
// where ldns says so.
std::string oracle_text(std::span<const std::uint8_t> message);

// A record from master-file text: "a.example. 30 IN A 10.0.0.1".  Throws
// std::invalid_argument when ldns does not understand it.
Record record_from_text(std::string_view line);

// What an upstream answers to `query`: text in the form of message_text, with
// names compressed by ldns.  The first line may be missing ("NOERROR ra").
//   "NXDOMAIN\n; authority\nexample. 60 IN SOA ..."
Octets upstream_message(const Query& query, std::string_view text);

}  // namespace canopy::test
