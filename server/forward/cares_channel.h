// A TCP connection to one upstream, kept by c-ares.  After the connection was
// closed, c-ares opens a new one for the next query.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <span>

#include "healthz/ares_channel.h"
#include "server/forward/upstream_channel.h"
#include "server/net/address.h"
#include "zones/time_point.h"

namespace canopy {

class CaresChannel final : public UpstreamChannel {
 public:
  // Null when c-ares does not accept the server.
  static std::unique_ptr<CaresChannel> open(boost::asio::io_context& io,
                                            const SocketAddress& server);

  void send(std::span<const std::uint8_t> question,
            std::unique_ptr<Receiver> receiver) override;
  // c-ares 1.34 does not expire queries: they wait until the channel is
  // destroyed.
  void tick(TimePoint now) override;

  std::size_t outstanding() const override { return outstanding_; }
  std::size_t sent() const override { return sent_; }

 private:
  class Asked;

  explicit CaresChannel(boost::asio::io_context& io);

  std::size_t outstanding_ = 0;
  std::size_t sent_ = 0;
  AresChannel ares_;  // last: its destructor runs callbacks
};

}  // namespace canopy
