// What an upstream's message says about the question that was asked: checked
// once, without the records that were not asked for, in the form that replies
// are written from.  All clients that wait for the answer share one.
//
// A value that does not change; any thread may read it.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "cache/answer_copy.h"
#include "zones/encoded_answer.h"
#include "zones/rr_types.h"

namespace canopy {

struct UpstreamAnswer {
  // Header, question and records; no OPT.  Of the flags TC and AD are the
  // upstream's, QR and RA are set.
  EncodedAnswer encoded() const { return octets.answer(); }

  AnswerCopy octets;
  Rcode rcode = Rcode::kNoError;
  bool is_truncated = false;
  // There are records of the answer section, and no error.
  bool is_positive = false;
  // The upstream's extended errors (RFC 8914).  Other options of its OPT
  // record, such as cookies, are between it and us, and are dropped.
  std::vector<ExtendedError> errors;
  // How long the cache may keep it; nothing when it must not.
  std::optional<std::chrono::seconds> lifetime;
};

}  // namespace canopy
