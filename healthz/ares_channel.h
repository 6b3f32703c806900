// A c-ares channel to one server, over UDP or TCP, whose sockets an io_context
// watches.  It sends whole DNS messages and hands back whole replies, as they
// came: nothing is searched, cached or asked of another server.
//
// Thread rule: made and destroyed while nobody runs the io_context, or by the
// one thread that does; all else on that thread.
//
// The callback contract: a Receiver may be called inside send(), expire() and
// cancel(), when a socket is ready, and from the destructor.  A channel must
// not be destroyed from inside a callback.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

struct ares_channeldata;

namespace canopy {

class AresChannel {
 public:
  using Endpoint = boost::asio::ip::udp::endpoint;  // the port is TCP's too

  struct Options {
    bool over_tcp = false;
    // Sockets stay open between messages; c-ares otherwise closes one when
    // nothing waits for it.
    bool stays_open = false;
    // After this long without a reply a message is sent again, after twice as
    // long the third time, and so on.
    std::chrono::milliseconds timeout{2000};
    // How often a message is sent.  Only with more than one does the channel
    // look at the clock by itself.
    int tries = 1;
  };

  enum class Failure {
    kTimedOut,
    kCancelled,
    kRefused,  // the server's port or a connection
    kOther,    // the channel was destroyed, too
  };
  // How a message fared.
  struct Outcome {
    std::span<const std::uint8_t> reply;  // good during the call only
    Failure failure = Failure::kOther;    // of a message without a reply
    const char* reason = nullptr;         // its text; null with a reply

    bool has_reply() const { return reason == nullptr; }
  };
  // Called once for a message, and then destroyed.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void on_outcome(const Outcome& outcome) = 0;
  };

  AresChannel(boost::asio::io_context& io, const Options& options);
  // Ends what is outstanding: a failure for each.
  ~AresChannel();
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;

  // From now on messages go to this server, through its interface if it is
  // link-local.  Returns why c-ares does not take it; empty when it does.
  // REQUIRES: nothing outstanding, and not called from a Receiver.
  [[nodiscard]] std::string aim_at(const Endpoint& server);

  // `message` has an id, which the reply repeats.  REQUIRES: aim_at() returned
  // no fault.
  void send(std::span<const std::uint8_t> message,
            std::unique_ptr<Receiver> receiver);
  // Ends messages whose tries and time are over (kTimedOut), with c-ares 1.18.
  // With 1.34, which would also end younger ones, it does nothing.
  void expire();
  // Ends all messages now (kCancelled).
  void cancel();

 private:
  enum class Event : std::uint8_t { kRead, kWrite };
  struct Direction;
  struct Watched;

  static void on_end(void* receiver, int status, int timeouts,
                     unsigned char* reply, int size);
  std::string init();
  void on_socket_state(int socket, bool readable, bool writable);
  void arm(const std::shared_ptr<Watched>& watched);
  void wait_for(const std::shared_ptr<Watched>& watched, Event event);
  void process(int socket, Event event);
  void arm_retry();

  boost::asio::io_context& io_;
  const Options options_;
  // Index of the interface that reaches a link-local server; 0: any.
  std::uint32_t interface_ = 0;
  // c-ares' own sockets, as long as it wants to hear of them: as many as the
  // servers have connections, so one or two.
  std::map<int, std::shared_ptr<Watched>> sockets_;
  boost::asio::steady_timer retry_;
  ares_channeldata* channel_ = nullptr;
  std::string fault_;  // why there is no channel_
  // Outlived by handlers of the timer still queued.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace canopy
