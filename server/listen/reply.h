// The destination of the answer to one message: the peer of a datagram, or a
// TCP session.  A plain value, used on the thread of the worker that made it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "healthz/tier.h"
#include "server/net/arrival.h"
#include "zones/time_point.h"

namespace canopy {

// Sends answers; implemented by listeners and sessions.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // Sends one whole DNS message.  Never blocks; may queue.
  virtual void send(std::span<const std::uint8_t> message,
                    const Peer& peer) = 0;
  // Closes a connection whose peer gets no answer.
  virtual void hang_up() {}
};

struct Reply : Arrival {
  ReplySink* sink = nullptr;
  // Keeps a TCP session alive until its answer is sent.  Null for UDP:
  // listeners outlive all answers.
  std::shared_ptr<ReplySink> session;

  void send(std::span<const std::uint8_t> message) const {
    sink->send(message, peer);
  }
};

// Handles all messages of listeners and sessions.  Each worker has one.
class MessageHandler {
 public:
  virtual ~MessageHandler() = default;
  // Answers one message, now or later.  Does not use `message` after it
  // returns.  Never blocks or throws.
  virtual void handle(std::span<const std::uint8_t> message,
                      const Reply& reply) = 0;
  // Called after all messages that were read together at `received` were
  // handled.  One clock call here measures all answers made during that time.
  virtual void end_batch(TimePoint received) = 0;
  // Called about once a second, so that an idle worker does not keep an
  // outdated ZoneSet alive.
  virtual void refresh() {}
};

}  // namespace canopy
