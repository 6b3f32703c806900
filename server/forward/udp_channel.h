// A connected UDP socket to one upstream: the kernel drops what comes from any
// other address or port.  A datagram whose id no question has is dropped here;
// one whose id fits is shown to the asker, whatever else is in it, so that the
// asker can go on waiting when it is not the answer.
//
// c-ares is not used here: 1.18 cuts answers at 512 octets or asks for them
// again over TCP, 1.34 ends all questions of a socket on which anything
// malformed came, and neither takes an error that does not repeat the question.
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
    std::size_t number = 0;  // of the question, from 1
  };
  // By id.  At most kQuestionsPerPort entries, or, where no more ports can be
  // opened, as many as the forwarder lets wait.
  using WaitingById = std::unordered_multimap<std::uint16_t, Waiting>;
  // Askings in the order in which they expire; those that ended are passed
  // over.
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
