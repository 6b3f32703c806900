// One UDP socket: reads datagrams in batches, hands each to the handler, and
// sends the answers in batches.  Answers that come later are sent at once.
// Everything runs on the worker's thread; nothing allocates once started.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <memory>

#include "server/datagram_batch.h"
#include "server/file_descriptor.h"
#include "server/listener_context.h"

namespace canopy {

class UdpListener : public ReplySink {
 public:
  struct Settings {
    Tier tier = Tier::kCache;
    Endpoint local;
  };

  // `socket` is bound and non-blocking.  Throws boost::system::system_error.
  UdpListener(const ListenerContext& context, const Settings& settings,
              FileDescriptor socket);

  void start();
  // Reads no more; answers under way can still be sent.
  void stop_reading();

  void send(std::span<const std::uint8_t> message, const Peer& peer) override;

 private:
  void wait();
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
  bool in_batch_ = false;
  bool stopped_ = false;
};

}  // namespace canopy
