// One c-ares channel for one upstream: its sockets driven by Asio, nothing
// else.  Asks each question once and says what came of it; failover, repeats
// and time limits are the caller's.  TC over UDP is asked again over TCP by
// c-ares itself.  On one thread.
//
// The callback contract: a callback may run inside send(), inside tick(), on a
// readable socket, and from the destructor.  A channel must not be destroyed
// from inside a callback.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <memory>
#include <span>

#include "server/option_values.h"
#include "server/query_counters.h"

struct ares_channeldata;

namespace canopy {

class CaresChannel {
 public:
  struct Result {
    // The whole message, or nothing.
    std::span<const std::uint8_t> message;
    bool timed_out = false;
  };
  // Who asks; told once what came of it, and gone then.
  class Asker {
   public:
    virtual ~Asker() = default;
    virtual void on_result(const Result& result) = 0;

   private:
    friend class CaresChannel;
    CaresChannel* channel_ = nullptr;
  };

  struct Settings {
    // How long a question may wait for its answer; with c-ares 1.34 it waits
    // until the channel goes.
    std::chrono::milliseconds patience{5'000};
    // kUdp: TCP after TC.
    Transport transport = Transport::kUdp;
  };

  // Nothing when c-ares does not accept the server.
  static std::unique_ptr<CaresChannel> open(boost::asio::io_context& io,
                                            const Endpoint& server,
                                            const Settings& settings);
  ~CaresChannel();
  CaresChannel(const CaresChannel&) = delete;
  CaresChannel& operator=(const CaresChannel&) = delete;

  void send(std::span<const std::uint8_t> question,
            std::unique_ptr<Asker> asker);
  // Expires questions; about every 50 ms while any is outstanding.
  void tick();

  std::size_t outstanding() const { return outstanding_; }
  std::size_t sent() const { return sent_; }

 private:
  // A socket of c-ares's while it wants to hear of it.
  struct Watch;

  explicit CaresChannel(boost::asio::io_context& io) : io_(io) {}
  bool init(const Endpoint& server, const Settings& settings);
  void on_socket_state(int socket, bool read, bool write);
  void arm(const std::shared_ptr<Watch>& watch);

  boost::asio::io_context& io_;
  ares_channeldata* channel_ = nullptr;
  std::map<int, std::shared_ptr<Watch>> watches_;
  std::size_t outstanding_ = 0;
  std::size_t sent_ = 0;
};

}  // namespace canopy
