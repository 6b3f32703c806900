// The answer of one step.  Borrows memory of that step, valid until the step is
// called again.
#pragma once

#include "server/answer/reply_writer.h"
#include "zones/encoded_answer.h"

namespace canopy {

struct Said {
  EncodedAnswer answer{};
  ReplyForm form{};
};

}  // namespace canopy
