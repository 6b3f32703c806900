#include "server/listen/tcp_listener.h"

#include <chrono>
#include <cstring>

namespace canopy {
namespace {

// The wait after accept() ran out of descriptors or memory, because the next
// call would fail as well.
constexpr std::chrono::milliseconds kBackOff{100};

boost::asio::ip::tcp tcp_of(const SocketAddress& local) {
  return local.address().is_v6() ? boost::asio::ip::tcp::v6()
                                 : boost::asio::ip::tcp::v4();
}

}  // namespace

TcpListener::TcpListener(const ListenerContext& context,
                         const Settings& settings, FileDescriptor socket,
                         TcpSessions& sessions)
    : context_(context),
      listener_(settings.listener),
      acceptor_(context.io),
      timer_(context.io),
      sessions_(sessions) {
  acceptor_.assign(tcp_of(settings.local), socket.number());
  socket.release();
}

void TcpListener::start() { accept(); }

void TcpListener::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel();
}

void TcpListener::accept() {
  acceptor_.async_accept([this](const boost::system::error_code& error,
                                boost::asio::ip::tcp::socket socket) {
    // The listener may be stopped and destroyed, so `this` must not be used.
    if (error == boost::asio::error::operation_aborted) return;
    if (!acceptor_.is_open()) return;
    if (!error) return take_and_accept(std::move(socket));
    // The client closed the connection before accept(): accept the next one.
    if (error.value() == ECONNABORTED) return accept();
    sessions_.close_idlest();
    back_off();
  });
}

// Continues to accept after a connection whose handling throws.
void TcpListener::take_and_accept(boost::asio::ip::tcp::socket socket) {
  try {
    on_accepted(std::move(socket));
  } catch (...) {
    accept();
    throw;
  }
  accept();
}

void TcpListener::on_accepted(boost::asio::ip::tcp::socket socket) {
  context_.arrivals.add();
  if (static_cast<std::size_t>(socket.native_handle()) >=
      sessions_.settings().max_descriptor) {
    sessions_.close_idlest();
    return context_.counters.tcp_full.add();  // `socket` closes
  }
  boost::system::error_code gone;
  const auto remote = socket.remote_endpoint(gone);
  if (gone) return;
  Peer peer;
  std::memcpy(&peer.address, remote.data(), remote.size());
  if (!sessions_.admit(client_of(peer.address))) return;  // `socket` closes
  sessions_.add(std::make_shared<TcpSession>(
      context_, sessions_, std::move(socket), peer, listener_));
}

void TcpListener::back_off() {
  timer_.expires_after(kBackOff);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && acceptor_.is_open()) accept();
  });
}

}  // namespace canopy
