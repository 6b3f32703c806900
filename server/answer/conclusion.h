// The answer to a client that an upstream's outcome leads to.  Computed for the
// first waiter and reused for the others as long as they asked the same; some
// may have come by a CNAME of our zones and need another.  One a worker; it
// holds one answer.
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
    Editions made_from{};  // of the zones only if they had a part in it

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
