// Makes an UpstreamAnswer from an upstream's octets.  Each thread has one; its
// buffers are reused for each message.
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
  // `question` has the client's case; `message` has the case that was sent.
  // Nothing when the message is malformed, answers another query, or has only
  // records of other names.
  std::optional<UpstreamAnswer> read(const ForwardQuestion& question,
                                     std::span<const std::uint8_t> message);

 private:
  EncodedAnswer as_it_stands(const Query& asked);
  EncodedAnswer written_anew(const Query& asked, const Bailiwick& bailiwick);

  MessageIndex index_;
  MessageWriter writer_;
};

}  // namespace canopy
