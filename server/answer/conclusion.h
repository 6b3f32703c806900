// The answer to a client that follows from an upstream's outcome.  The
// conclusion is computed for the first waiter and reused for later waiters with
// the same inputs.  The inputs differ when a waiter's query came by a CNAME of
// our zones.  Each worker has one, and it holds one answer.
#pragma once

#include <cstdint>
#include <optional>

#include "cache/answer_copy.h"
#include "cache/cache_key.h"
#include "cache/editions.h"
#include "server/forward/forwarder.h"
#include "zones/answer.h"
#include "zones/encoded_answer.h"

namespace canopy {

struct Conclusion {
  // The inputs that the conclusion depends on.
  struct Of {
    SharedOutcome outcome;
    CacheKey key;
    Editions made_from{};  // zone edition only if a zone took part

    friend bool operator==(const Of&, const Of&) = default;
  };
  enum class Told : std::uint8_t { kNothing, kFresh, kStale };

  std::optional<Of> of;
  Told told = Told::kNothing;
  // Borrows from `octets` or from the outcome.
  EncodedAnswer answer{};
  AnswerCopy octets;
  std::optional<ExtendedError> error;
};

}  // namespace canopy
