// Asks a server one question at a time, within a time limit, through a c-ares
// channel.
//
// Thread rule: construct and destroy while no thread runs the io_context, or on
// the one thread that runs it; call the rest on that thread.
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
    boost::asio::ip::udp::endpoint server;  // the port is also used for TCP
    bool over_tcp = false;
    std::chrono::milliseconds timeout{2000};  // for the whole question
  };
  // The reply as received, or the reason why there is none.
  struct Outcome {
    std::span<const std::uint8_t> reply;  // valid only during the call
    std::string error;
    bool timed_out = false;
  };
  using Done = std::function<void(const Outcome&)>;

  // Throws std::runtime_error when c-ares does not accept the server.
  ProbeChannel(boost::asio::io_context& io, const Options& options);
  ~ProbeChannel();
  ProbeChannel(const ProbeChannel&) = delete;
  ProbeChannel& operator=(const ProbeChannel&) = delete;

  bool is_asking() const { return done_ != nullptr; }
  // Directs later questions to `server`.  Throws like the constructor.
  // REQUIRES: no question is outstanding, and the caller is not `done`.
  void aim_at(const boost::asio::ip::udp::endpoint& server);
  // `done` is called once, possibly before ask() returns, but never after the
  // channel is destroyed.  `done` must not destroy the channel.  REQUIRES: no
  // question is outstanding.
  void ask(std::span<const std::uint8_t> message, Done done);

 private:
  class Asked;

  void arm_deadline();
  void on_outcome(const AresChannel::Outcome& outcome);
  std::string error_text(const AresChannel::Outcome& outcome) const;

  Options options_;
  boost::asio::steady_timer deadline_;
  Done done_;
  // Queued handlers may outlive the channel; they check this flag first.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  AresChannel ares_;  // last: its destructor calls back
};

}  // namespace canopy
