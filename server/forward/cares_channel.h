// A TCP connection to one upstream, kept by c-ares and driven by Asio.  c-ares
// opens a new one for the next question when it was closed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "server/forward/upstream_channel.h"
#include "server/net/address.h"
#include "zones/time_point.h"

struct ares_channeldata;

namespace canopy {

class CaresChannel final : public UpstreamChannel {
 public:
  // Null when c-ares does not accept the server.
  static std::unique_ptr<CaresChannel> open(boost::asio::io_context& io,
                                            const SocketAddress& server);
  ~CaresChannel() override;
  CaresChannel(const CaresChannel&) = delete;
  CaresChannel& operator=(const CaresChannel&) = delete;

  void send(std::span<const std::uint8_t> question,
            std::unique_ptr<Receiver> receiver) override;
  // c-ares 1.34 does not expire queries: they wait until the channel is
  // destroyed.
  void tick(TimePoint now) override;

  std::size_t outstanding() const override { return outstanding_; }
  std::size_t sent() const override { return sent_; }

 private:
  // A socket of c-ares's while it wants to hear of it.
  struct Watch;
  // What c-ares is given with a question.
  struct Asked {
    CaresChannel* channel;
    std::unique_ptr<Receiver> receiver;
  };

  explicit CaresChannel(boost::asio::io_context& io) : io_(io) {}
  bool init(const SocketAddress& server);
  void on_socket_state(int socket, bool read, bool write);
  void arm(const std::shared_ptr<Watch>& watch);

  boost::asio::io_context& io_;
  ares_channeldata* channel_ = nullptr;
  // Index of the interface that reaches a link-local server; 0: any.
  std::uint32_t interface_ = 0;
  std::map<int, std::shared_ptr<Watch>> watches_;
  std::size_t outstanding_ = 0;
  std::size_t sent_ = 0;
};

}  // namespace canopy
