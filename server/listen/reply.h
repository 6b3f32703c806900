// Where the answer to one message goes: the peer of a datagram or a TCP
// session.  A plain value, used on the worker's thread it was made on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "healthz/tier.h"
#include "server/net/arrival.h"
#include "zones/time_point.h"

namespace canopy {

// What a listener or a session offers to answers.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // Sends one whole DNS message.  Never blocks; may queue.
  virtual void send(std::span<const std::uint8_t> message,
                    const Peer& peer) = 0;
  // The peer is not worth an answer: ends a connection.
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

// What listeners and sessions hand every message to; one a worker.
class MessageHandler {
 public:
  virtual ~MessageHandler() = default;
  // Answers one message, now or later.  `message` is not used after return.
  // Never blocks or throws.
  virtual void handle(std::span<const std::uint8_t> message,
                      const Reply& reply) = 0;
  // Called when all that was read at one go, at `received`, was handled, so
  // that one clock call measures every answer that was made at once.
  virtual void end_batch(TimePoint received) = 0;
  // Called about once a second, so that an idle worker does not keep an
  // outdated ZoneSet alive.
  virtual void refresh() {}
};

}  // namespace canopy
