#include "server/forward/udp_channel.h"

#include <array>

namespace canopy {
namespace {

using Udp = boost::asio::ip::udp;

// Datagrams read before other sockets are served, so that a flood from one
// upstream delays nothing else.
constexpr int kMostDatagramsAtOnce = 64;

}  // namespace

struct UdpChannel::Socket {
  explicit Socket(boost::asio::io_context& io) : udp(io) {}

  Udp::socket udp;
  UdpChannel* channel = nullptr;  // null: the channel is destroyed
};

std::unique_ptr<UdpChannel> UdpChannel::open(boost::asio::io_context& io,
                                             const SocketAddress& server) {
  auto socket = std::make_shared<Socket>(io);
  boost::system::error_code error;
  socket->udp.open(server.protocol(), error);
  if (!error) socket->udp.connect(server, error);
  if (!error) socket->udp.non_blocking(true, error);
  if (error) return nullptr;
  std::unique_ptr<UdpChannel> channel(new UdpChannel(std::move(socket)));
  channel->arm();
  return channel;
}

UdpChannel::UdpChannel(std::shared_ptr<Socket> socket)
    : socket_(std::move(socket)) {
  socket_->channel = this;
}

UdpChannel::~UdpChannel() {
  socket_->channel = nullptr;
  boost::system::error_code ignored;
  socket_->udp.close(ignored);
}

void UdpChannel::send(std::span<const std::uint8_t> question,
                      std::unique_ptr<Receiver> receiver) {
  questions_.add(question, std::chrono::steady_clock::now(),
                 std::move(receiver));
  boost::system::error_code error;
  socket_->udp.send(boost::asio::buffer(question.data(), question.size()), 0,
                    error);
  // A datagram dropped by a full buffer is retried like one that the network
  // lost.
  const bool is_full = error == boost::asio::error::would_block ||
                       error == boost::asio::error::no_buffer_space;
  if (error && !is_full) questions_.fail_all(Failure::kUnreachable);
}

void UdpChannel::tick(TimePoint now) { questions_.expire(now); }

void UdpChannel::arm() {
  socket_->udp.async_wait(
      Udp::socket::wait_read,
      [socket = socket_](const boost::system::error_code& error) {
        if (!error && socket->channel != nullptr) socket->channel->receive();
      });
}

void UdpChannel::receive() {
  // No datagram is longer.  All sockets of a thread share the buffer.
  static thread_local std::array<std::uint8_t, 65'535> datagram;
  for (int i = 0; i < kMostDatagramsAtOnce; ++i) {
    boost::system::error_code error;
    const std::size_t size =
        socket_->udp.receive(boost::asio::buffer(datagram), 0, error);
    if (error == boost::asio::error::would_block) break;
    if (error) {
      questions_.fail_all(Failure::kUnreachable);
      break;
    }
    questions_.take({datagram.data(), size});
  }
  arm();
}

}  // namespace canopy
