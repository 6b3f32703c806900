// A connected UDP socket to one upstream: the kernel drops datagrams from any
// other address or port.  A datagram with an unknown ID is dropped here.  A
// datagram with a known ID is passed to its receiver whatever else it contains;
// the receiver can continue to wait when it is not the answer.
//
// c-ares is not used here.  Version 1.18 cuts answers at 512 octets or asks for
// them again over TCP.  Version 1.34 ends all queries of a socket that received
// a malformed message.  Neither accepts an error that does not repeat the
// question.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <unordered_map>

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
  std::size_t outstanding() const override { return waiting_.size(); }
  std::size_t sent() const override { return sent_; }

 private:
  // Outlives the channel while Asio still holds a handler.
  struct Socket;
  struct Waiting {
    std::unique_ptr<Receiver> receiver;
    std::size_t number = 0;  // number of the query, from 1
  };
  // By ID.  At most kQuestionsPerPort entries.  If no more ports can be opened,
  // the forwarder's limit on waiting queries applies instead.
  using WaitingById = std::unordered_multimap<std::uint16_t, Waiting>;
  // Queries in the order in which they expire.  Entries of answered queries are
  // skipped.
  struct Expiry {
    TimePoint at;
    std::uint16_t id;
    std::size_t number;
  };

  explicit UdpChannel(std::shared_ptr<Socket> socket);
  void arm();
  void receive();
  void take(std::span<const std::uint8_t> message);
  void fail_all();
  WaitingById::node_type taken_out(const Expiry& expiry);

  const std::shared_ptr<Socket> socket_;
  WaitingById waiting_;
  std::deque<Expiry> expiries_;
  std::size_t sent_ = 0;
};

}  // namespace canopy
