// An upstream's answer, checked once, without records that do not belong to it,
// in the form that replies are written from.  All clients that wait for the
// answer share one.
//
// Immutable; any thread may read it.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "cache/answer_copy.h"
#include "zones/encoded_answer.h"
#include "zones/rr_types.h"

namespace canopy {

struct UpstreamAnswer {
  // Header, question and records, without OPT.  TC and AD are the upstream's
  // flags; QR and RA are set.
  EncodedAnswer encoded() const { return octets.answer(); }

  AnswerCopy octets;
  Rcode rcode = Rcode::kNoError;
  bool is_truncated = false;
  // True when the answer section has records and the rcode is no error.
  bool is_positive = false;
  // The upstream's extended errors (RFC 8914).  Other options of its OPT
  // record, such as cookies, concern only one hop and are dropped.
  std::vector<ExtendedError> errors;
  // How long the cache may keep the answer; nothing: it must not.
  std::optional<std::chrono::seconds> lifetime;
};

}  // namespace canopy
