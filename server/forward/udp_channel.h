// A connected UDP socket to one upstream: the kernel drops datagrams from any
// other address or port.
//
// c-ares is not used here.  Version 1.18 cuts answers at 512 octets or asks for
// them again over TCP.  Version 1.34 ends all queries of a socket that received
// a malformed message.  Neither accepts an error that does not repeat the
// question.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "server/forward/sent_questions.h"
#include "server/forward/upstream_channel.h"
#include "server/net/address.h"
#include "zones/time_point.h"

namespace canopy {

class UdpChannel final : public UpstreamChannel {
 public:
  // Null when no socket can be opened or the server cannot be reached.
  static std::unique_ptr<UdpChannel> open(boost::asio::io_context& io,
                                          const SocketAddress& server);
  ~UdpChannel() override;
  UdpChannel(const UdpChannel&) = delete;
  UdpChannel& operator=(const UdpChannel&) = delete;

  void send(std::span<const std::uint8_t> question,
            std::unique_ptr<Receiver> receiver) override;
  void tick(TimePoint now) override;
  std::size_t outstanding() const override { return questions_.waiting(); }
  std::size_t sent() const override { return questions_.sent(); }

 private:
  // Outlives the channel while Asio still holds a handler.
  struct Socket;
  explicit UdpChannel(std::shared_ptr<Socket> socket);
  void arm();
  void receive();

  const std::shared_ptr<Socket> socket_;
  SentQuestions questions_;
};

}  // namespace canopy
