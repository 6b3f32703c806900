#include "server/listen/udp_listener.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace canopy {
namespace {

// After this many batches, timers and other sockets are served.
constexpr int kBatchesInARow = 4;

LocalAddress local_address_of(const SocketAddress& local) {
  return local.address().is_unspecified() ? LocalAddress::kPerDatagram
                                          : LocalAddress::kFixed;
}

}  // namespace

UdpListener::UdpListener(const ListenerContext& context,
                         const Settings& settings, FileDescriptor socket)
    : context_(context),
      listener_(settings.listener),
      socket_(context.io),
      local_(local_address_of(settings.local)),
      questions_(local_),
      answers_(local_) {
  socket_.assign(settings.local.protocol(), socket.number());
  socket.release();
  socket_.native_non_blocking(true);
}

void UdpListener::start() { wait(); }

void UdpListener::stop_reading() {
  stopped_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void UdpListener::wait() {
  socket_.async_wait(boost::asio::ip::udp::socket::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (error || stopped_) return;
                       read_and_wait();
                     });
}

// Continues to read after a query whose handling throws.
void UdpListener::read_and_wait() {
  try {
    on_readable();
  } catch (...) {
    wait();
    throw;
  }
  wait();
}

void UdpListener::on_readable() {
  for (int i = 0; i < kBatchesInARow; ++i) {
    if (!answer_batch()) return;
  }
}

bool UdpListener::answer_batch() {
  const std::size_t count = questions_.receive(socket_.native_handle());
  if (count == 0) return false;
  context_.arrivals.add(count);
  const TimePoint now = std::chrono::steady_clock::now();
  Reply reply;
  reply.sink = this;
  reply.listener = listener_;
  reply.transport = Transport::kUdp;
  reply.received = now;
  flush_is_due_ = true;
  for (std::size_t i = 0; i < count; ++i) {
    reply.peer = questions_.peer(i);
    context_.handler.handle(questions_.message(i), reply);
  }
  flush();
  context_.handler.end_batch(now);
  return count == kBatch;
}

void UdpListener::send(std::span<const std::uint8_t> message,
                       const Peer& peer) {
  if (!answers_.add(message, peer)) {
    const bool was_due = flush_is_due_;
    flush();
    flush_is_due_ = was_due;
    answers_.add(message, peer);  // an empty batch has room
  }
  if (std::exchange(flush_is_due_, true)) return;
  boost::asio::post(context_.io, [this] { flush(); });
}

void UdpListener::flush() {
  flush_is_due_ = false;
  if (answers_.empty()) return;
  const std::size_t refused = answers_.send(socket_.native_handle());
  if (refused > 0) context_.counters.send_failures.add(refused);
}

}  // namespace canopy
