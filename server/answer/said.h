// What one step says to a question.  Borrows from the step, until the step is
// asked again.
#pragma once

#include "server/answer/reply_writer.h"
#include "zones/encoded_answer.h"

namespace canopy {

struct Said {
  EncodedAnswer answer{};
  ReplyForm form{};
};

}  // namespace canopy
