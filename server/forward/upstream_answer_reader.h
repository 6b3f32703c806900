// Makes an UpstreamAnswer out of an upstream's octets.  One a thread; its
// memory serves for every message.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "server/forward/bailiwick.h"
#include "server/forward/forward_question.h"
#include "server/forward/upstream_answer.h"
#include "zones/message_index.h"
#include "zones/message_writer.h"

namespace canopy {

class UpstreamAnswerReader {
 public:
  // `question` as the client spelled it; `message` as it came, in the case
  // that it was sent with.  Nothing when the message is malformed, answers
  // another question, or has only records of other names.
  std::optional<UpstreamAnswer> read(const ForwardQuestion& question,
                                     std::span<const std::uint8_t> message);

 private:
  EncodedAnswer as_it_stands(const Query& asked);
  EncodedAnswer written_anew(const Query& asked, const Bailiwick& bailiwick);

  MessageIndex index_;
  MessageWriter writer_;
};

}  // namespace canopy
