// Makes an UpstreamAnswer out of an upstream's octets.  One a thread; its
// memory serves for every message.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "server/bailiwick.h"
#include "server/forward_question.h"
#include "server/upstream_answer.h"
#include "zones/message_index.h"
#include "zones/message_writer.h"

namespace canopy {

class UpstreamAnswerReader {
 public:
  // Nothing when the message is malformed, answers another question, or has
  // only records of other names.
  std::optional<UpstreamAnswer> read(const ForwardQuestion& question,
                                     std::span<const std::uint8_t> message);

 private:
  void cut_what_was_not_asked(const Query& asked, const Bailiwick& bailiwick);
  EncodedAnswer without_other_names(const Query& asked,
                                    const Bailiwick& bailiwick);

  MessageIndex index_;
  std::optional<MessageWriter> writer_;  // rarely needed, and large
};

}  // namespace canopy
