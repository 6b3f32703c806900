// ldns as an independent check: it reads our messages and writes messages for
// us.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "zones/query.h"
#include "zones/rrset.h"

namespace canopy::test {

// Like message_text(), but by ldns and without the OPT record.  Returns
// "malformed" if ldns cannot read the message.
std::string oracle_text(std::span<const std::uint8_t> message);

// Parses a record in master-file text: "a.example.  30 IN A 10.0.0.1".  Throws
// std::invalid_argument if ldns cannot parse it.
Record record_from_text(std::string_view line);

// Makes an upstream's answer to `query` from text in the form of
// message_text(). ldns compresses the names.  The first line is optional
// ("NOERROR ra").
//   "NXDOMAIN\n; authority\nexample. 60 IN SOA ..."
Octets upstream_message(const Query& query, std::string_view text);

}  // namespace canopy::test
