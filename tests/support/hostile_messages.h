// Messages of a given size that cost a server as much work as possible, and an
// honest message of the same size for comparison.
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

// Each has about `size` octets, never more.  REQUIRES: size >= 64.
Octets honest_query(std::size_t size);
std::vector<SizedMessage> hostile_queries(std::size_t size);

// Responses to kHostileQuestion.  The honest one holds addresses.
inline constexpr std::string_view kHostileQuestion = "www.example.com. A";
Octets honest_response(std::size_t size);
std::vector<SizedMessage> hostile_responses(std::size_t size);

}  // namespace canopy::test
