// A c-ares channel to one server, over UDP or TCP, whose sockets an io_context
// watches.  It sends complete DNS messages and delivers complete replies
// unchanged.  It does not search, cache, or ask another server.
//
// Thread rule: construct and destroy while no thread runs the io_context, or on
// the one thread that runs it; call the rest on that thread.
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
    // True to keep sockets open between messages.  Otherwise c-ares closes a
    // socket when no message waits for it.
    bool stays_open = false;
    // The wait for a reply before a message is sent again; the wait doubles
    // each time.
    std::chrono::milliseconds timeout{2000};
    // The most times that a message is sent.  The channel runs a timer only if
    // this is more than one.
    int tries = 1;
  };

  enum class Failure {
    kTimedOut,
    kCancelled,
    kRefused,  // the server's port or a connection
    kOther,    // also: the channel was destroyed
  };
  // The outcome of a message.
  struct Outcome {
    std::span<const std::uint8_t> reply;  // valid only during the call
    Failure failure = Failure::kOther;    // set if there is no reply
    const char* reason = nullptr;  // text of `failure`; null with a reply

    bool has_reply() const { return reason == nullptr; }
  };
  // Called once for a message, and then destroyed.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void on_outcome(const Outcome& outcome) = 0;
  };

  AresChannel(boost::asio::io_context& io, const Options& options);
  // Ends all outstanding messages with a failure.
  ~AresChannel();
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;

  // Directs later messages to `server`, through its interface if it is
  // link-local.  Returns "" or the reason why c-ares rejects the server.
  // REQUIRES: no message is outstanding, and the caller is not a Receiver.
  [[nodiscard]] std::string aim_at(const Endpoint& server);

  // Sends `message`, whose ID the reply must repeat.  REQUIRES: aim_at()
  // returned "".
  void send(std::span<const std::uint8_t> message,
            std::unique_ptr<Receiver> receiver);
  // With c-ares 1.18, ends messages whose tries and time are used up
  // (kTimedOut).  Does nothing with 1.34, which would also end newer messages.
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
  // The index of the interface to a link-local server; 0: any.
  std::uint32_t interface_ = 0;
  // The sockets that c-ares owns and waits for: one per connection to the
  // server, so one or two.
  std::map<int, std::shared_ptr<Watched>> sockets_;
  boost::asio::steady_timer retry_;
  ares_channeldata* channel_ = nullptr;
  std::string fault_;  // why channel_ is null
  // Queued handlers of the timer may outlive the channel; they check this flag.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace canopy
