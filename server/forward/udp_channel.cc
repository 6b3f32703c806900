#include "server/forward/udp_channel.h"

#include <array>
#include <vector>

#include "server/forward/forward_timing.h"
#include "zones/octets.h"

namespace canopy {
namespace {

using Udp = boost::asio::ip::udp;

// Datagrams read before other sockets are served, so that a flood from one
// upstream delays nothing else.
constexpr int kMostDatagramsAtOnce = 64;

std::uint16_t id_of(std::span<const std::uint8_t> message) {
  return load16(message, 0);
}

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
  fail_all();
}

void UdpChannel::send(std::span<const std::uint8_t> question,
                      std::unique_ptr<Receiver> receiver) {
  const std::uint16_t id = id_of(question);
  ++sent_;
  waiting_.emplace(id, Waiting{std::move(receiver), sent_});
  expiries_.push_back(
      {std::chrono::steady_clock::now() + kPatience, id, sent_});
  boost::system::error_code error;
  socket_->udp.send(boost::asio::buffer(question.data(), question.size()), 0,
                    error);
  // A datagram dropped by a full buffer is retried like one that the network
  // lost.
  const bool is_full = error == boost::asio::error::would_block ||
                       error == boost::asio::error::no_buffer_space;
  if (error && !is_full) fail_all();
}

void UdpChannel::tick(TimePoint now) {
  while (!expiries_.empty() && expiries_.front().at <= now) {
    const auto expired = taken_out(expiries_.front());
    expiries_.pop_front();
    if (expired) expired.mapped().receiver->on_failure(Failure::kTimedOut);
  }
}

UdpChannel::WaitingById::node_type UdpChannel::taken_out(const Expiry& expiry) {
  auto [at, end] = waiting_.equal_range(expiry.id);
  while (at != end && at->second.number != expiry.number) ++at;
  return at == end ? WaitingById::node_type() : waiting_.extract(at);
}

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
      fail_all();
      break;
    }
    take({datagram.data(), size});
  }
  arm();
}

// Removes the waiting query first, because the receiver may send another one.
void UdpChannel::take(std::span<const std::uint8_t> message) {
  if (message.size() < 2) return;
  const std::uint16_t id = id_of(message);
  auto waiting = waiting_.extract(id);
  if (!waiting || waiting.mapped().receiver->on_message(message)) return;
  // The message may belong to another query with the same ID.
  std::vector<WaitingById::node_type> passed_over;
  bool is_taken = false;
  do {
    passed_over.push_back(std::move(waiting));
    waiting = waiting_.extract(id);
    is_taken = waiting && waiting.mapped().receiver->on_message(message);
  } while (waiting && !is_taken);
  for (auto& one : passed_over) waiting_.insert(std::move(one));
}

void UdpChannel::fail_all() {
  WaitingById failed;
  failed.swap(waiting_);
  for (auto& [id, waiting] : failed) {
    waiting.receiver->on_failure(Failure::kUnreachable);
  }
}

}  // namespace canopy
