// One way to one upstream: a UDP socket or a TCP connection.  Sends each query
// once and hands over the messages that arrive.  The caller is responsible for
// failover, retries and time limits of a query.  On one thread.
//
// The callback contract: a Receiver may be called inside send(), inside tick(),
// when a socket is readable, and from the destructor.  A channel must not be
// destroyed from inside a callback.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "zones/time_point.h"

namespace canopy {

class UpstreamChannel {
 public:
  enum class Failure : std::uint8_t {
    kTimedOut,
    kUnreachable,  // no socket, an ICMP error, or the connection was closed
    kUnusable,     // TCP: the message is not the answer
  };
  // Receives the messages for one query.  The channel owns it and destroys it
  // after the call that ends the attempt.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    // A message with the query's ID came.  Returns true to end the attempt.
    // Returns false when it is not the answer and the wait continues.
    virtual bool on_message(std::span<const std::uint8_t> message) = 0;
    // Ends the attempt.
    virtual void on_failure(Failure failure) = 0;
  };

  virtual ~UpstreamChannel() = default;

  // `question` is a whole message, including its ID.
  virtual void send(std::span<const std::uint8_t> question,
                    std::unique_ptr<Receiver> receiver) = 0;
  // Ends attempts that are older than kPatience.  Call about every 50 ms while
  // any is outstanding.
  virtual void tick(TimePoint now) = 0;

  virtual std::size_t outstanding() const = 0;
  // Queries sent since the channel was opened.
  virtual std::size_t sent() const = 0;
};

}  // namespace canopy
