#include "server/worker.h"

#include <pthread.h>

#include <boost/asio/post.hpp>

#include "healthz/guarded.h"

namespace canopy {

Worker::Worker(const Shared& shared, const MakeHandler& make_handler)
    : forwarder_(io_, shared.upstreams, shared.forwarders, {}),
      handler_(make_handler(forwarder_, counters_)),
      sessions_(shared.tcp, shared.connections, counters_) {}

Worker::~Worker() { stop(); }

void Worker::listen(Tier tier, std::vector<SocketPair> sockets) {
  const ListenerContext context{io_, *handler_, counters_, arrivals_};
  for (SocketPair& pair : sockets) {
    udp_.push_back(std::make_unique<UdpListener>(
        context, UdpListener::Settings{.tier = tier, .local = pair.local},
        std::move(pair.udp)));
    tcp_.push_back(std::make_unique<TcpListener>(
        context, TcpListener::Settings{.tier = tier, .local = pair.local},
        std::move(pair.tcp), sessions_));
  }
}

void Worker::start() {
  for (const auto& listener : udp_) listener->start();
  for (const auto& listener : tcp_) listener->start();
  refresh_later();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "canopy-worker");
    // A handler that throws is one that has run: the rest get their turn.
    while (!io_.stopped()) guarded("worker", [this] { io_.run(); });
  });
}

void Worker::refresh_later() {
  refresh_.expires_after(std::chrono::seconds(1));
  refresh_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    refresh_later();  // first: the other may throw
    handler_->refresh();
  });
}

void Worker::wind_down_tcp() {
  boost::asio::post(io_, [this] {
    for (const auto& listener : tcp_) listener->stop();
    sessions_.wind_down();
  });
}

void Worker::stop() {
  // Behind what is queued, which may be answers to be sent.
  boost::asio::post(io_, [this] { io_.stop(); });
  if (thread_.joinable()) thread_.join();
}

}  // namespace canopy
