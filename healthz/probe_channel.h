// Asks a server one question at a time, within a time limit, through a c-ares
// channel.
//
// Thread rule: made and destroyed while nobody runs the io_context, or by the
// one thread that does; all else on that thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "healthz/ares_channel.h"

namespace canopy {

class ProbeChannel {
 public:
  struct Options {
    boost::asio::ip::udp::endpoint server;  // the port counts for TCP too
    bool over_tcp = false;
    std::chrono::milliseconds timeout{2000};  // for the whole question
  };
  // The reply as it came, or, when there is none, the reason.
  struct Outcome {
    std::span<const std::uint8_t> reply;  // good during the call only
    std::string error;
    bool timed_out = false;
  };
  using Done = std::function<void(const Outcome&)>;

  // Throws std::runtime_error when c-ares does not take the server.
  ProbeChannel(boost::asio::io_context& io, const Options& options);
  ~ProbeChannel();
  ProbeChannel(const ProbeChannel&) = delete;
  ProbeChannel& operator=(const ProbeChannel&) = delete;

  bool is_asking() const { return done_ != nullptr; }
  // From now on asks this server.  Throws like the constructor.  REQUIRES: not
  // asking, and not called by `done`.
  void aim_at(const boost::asio::ip::udp::endpoint& server);
  // `done` is called once, maybe before this returns; never after the
  // channel is gone, which `done` must not destroy.  REQUIRES: not asking.
  void ask(std::span<const std::uint8_t> message, Done done);

 private:
  class Asked;

  void arm_deadline();
  void on_outcome(const AresChannel::Outcome& outcome);
  std::string error_text(const AresChannel::Outcome& outcome) const;

  Options options_;
  boost::asio::steady_timer deadline_;
  Done done_;
  // Outlived by handlers still queued: they look here before they touch us.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  AresChannel ares_;  // last: its destructor calls back
};

}  // namespace canopy
