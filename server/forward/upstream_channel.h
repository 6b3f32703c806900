// One way to one upstream: a UDP socket or a TCP connection.  Sends each
// question once and hands over what comes; failover, repeats and time limits of
// a question are the caller's.  On one thread.
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
    kUnusable,     // TCP: a message came that is not the answer
  };
  // The sender of one question.  The channel owns it and destroys it after the
  // call that ends the attempt.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    // A message with the question's id came.  True ends the attempt.  False:
    // this is not the answer; go on waiting for it.
    virtual bool on_message(std::span<const std::uint8_t> message) = 0;
    // Ends the attempt.
    virtual void on_failure(Failure failure) = 0;
  };

  virtual ~UpstreamChannel() = default;

  // `question` is a whole message, with its id.
  virtual void send(std::span<const std::uint8_t> question,
                    std::unique_ptr<Receiver> receiver) = 0;
  // Ends attempts that are older than kPatience; about every 50 ms while any is
  // outstanding.
  virtual void tick(TimePoint now) = 0;

  virtual std::size_t outstanding() const = 0;
  // Questions since it was opened.
  virtual std::size_t sent() const = 0;
};

}  // namespace canopy
