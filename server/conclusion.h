// What came of an outcome for a question: worked out for the first of those who
// wait, the same for the others in a row.  Those of one outcome mostly ask the
// same, but some may have come by a zone's CNAME.  One a worker; it holds on to
// one answer.
#pragma once

#include <cstdint>
#include <optional>

#include "cache/cache_key.h"
#include "cache/stored_answer.h"
#include "server/forwarder.h"
#include "zones/answer.h"
#include "zones/encoded_answer.h"

namespace canopy {

struct Conclusion {
  // What it depends on.
  struct Of {
    SharedOutcome outcome;
    CacheKey key;
    Serial serial = 0;            // of the zones that had a part in it
    std::uint64_t upstreams = 0;  // edition

    friend bool operator==(const Of&, const Of&) = default;
  };
  enum class Told : std::uint8_t { kNothing, kFresh, kStale };

  std::optional<Of> of;
  Told told = Told::kNothing;
  // Borrows from `octets` or from the outcome.
  EncodedAnswer answer{};
  StoredAnswer octets;
  std::optional<ExtendedError> error;
};

}  // namespace canopy
