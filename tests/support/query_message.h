// Queries as text: "www.example.com.  A +edns=4096 +do +cd +ad +norec +ch
// +nsid".
// The type may be "TYPE123"; the ID is 0x1234 unless "+id=N" sets it.
#pragma once

#include <string_view>

#include "zones/query.h"
#include "zones/rrset.h"

namespace canopy::test {

// Throws std::invalid_argument when the text is not a query.
Query query_from_text(std::string_view text);
Octets query_message(const Query& query);
Octets query_message(std::string_view text);

}  // namespace canopy::test
