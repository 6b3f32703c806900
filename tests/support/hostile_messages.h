// Messages of a size that cost a server as much as a message of that size can,
// and the honest one of that size to hold them against.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "zones/rrset.h"

namespace canopy::test {

struct SizedMessage {
  std::string_view what;
  Octets message;
};

// About `size` octets each, never more.  REQUIRES: at least 64.
// A query with one padded OPT record (RFC 7830).
Octets honest_query(std::size_t size);
std::vector<SizedMessage> hostile_queries(std::size_t size);

// Responses to kHostileQuestion.  The honest one holds addresses of the name.
inline constexpr std::string_view kHostileQuestion = "www.example.com. A";
Octets honest_response(std::size_t size);
std::vector<SizedMessage> hostile_responses(std::size_t size);

}  // namespace canopy::test
