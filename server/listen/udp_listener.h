// One UDP socket: reads datagrams in batches, hands each to the handler, and
// sends the answers in batches; those that come later too, when all that is
// ready now has had its turn.
// Everything runs on the worker's thread; nothing allocates once started but
// what Asio does for a handler, whose memory it uses again.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <memory>

#include "server/listen/listener_context.h"
#include "server/net/datagram_batch.h"
#include "server/net/file_descriptor.h"

namespace canopy {

class UdpListener : public ReplySink {
 public:
  struct Settings {
    Tier tier = Tier::kCache;
    SocketAddress local;
  };

  // `socket` is bound and non-blocking.  Throws boost::system::system_error.
  UdpListener(const ListenerContext& context, const Settings& settings,
              FileDescriptor socket);

  void start();
  // Stops reading queries; answers to earlier ones can still be sent.
  void stop_reading();

  void send(std::span<const std::uint8_t> message, const Peer& peer) override;

 private:
  void wait();
  void read_and_wait();
  void on_readable();
  // False when the socket is empty.
  bool answer_batch();
  void flush();

  ListenerContext context_;
  Tier tier_;
  boost::asio::ip::udp::socket socket_;
  LocalAddress local_;
  ReceiveBatch questions_;
  SendBatch answers_;
  bool flush_is_due_ = false;
  bool stopped_ = false;
};

}  // namespace canopy
