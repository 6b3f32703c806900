// One UDP socket.  Reads datagrams in batches, passes each to the handler, and
// sends the answers in batches.  Later answers, from upstreams, are also sent
// in batches, once per turn of the worker's loop.
//
// On the worker's thread only.  Allocates nothing after start, except the
// memory of Asio's handlers, which Asio reuses.
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
    ListenerId listener;
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
  // Returns false when the socket is empty.
  bool answer_batch();
  void flush();

  ListenerContext context_;
  ListenerId listener_;
  boost::asio::ip::udp::socket socket_;
  LocalAddress local_;
  ReceiveBatch questions_;
  SendBatch answers_;
  bool flush_is_due_ = false;
  bool stopped_ = false;
};

}  // namespace canopy
