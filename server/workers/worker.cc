#include "server/workers/worker.h"

#include <pthread.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "healthz/guarded.h"

namespace canopy {
namespace {

// Probes may use descriptors that are reserved, so that clients cannot make
// probes fail.
TcpSettings for_probes(TcpSettings settings) {
  settings.max_descriptor = TcpSettings().max_descriptor;
  return settings;
}

}  // namespace

Worker::Worker(const Shared& shared, const MakeHandler& make_handler)
    : forwarder_(io_, shared.plans, shared.forwarders, shared.forwarding),
      handler_(make_handler(forwarder_, counters_)),
      sessions_(shared.tcp, shared.connections, shared.budget, counters_),
      probe_sessions_(for_probes(shared.tcp), probe_connections_, probe_budget_,
                      counters_) {}

Worker::~Worker() { stop(); }

void Worker::listen(ListenerId listener, std::vector<SocketPair> sockets) {
  for (SocketPair& pair : sockets) {
    listen(listener, std::move(pair), sessions_);
  }
}

void Worker::listen_for_probes(ListenerId listener, SocketPair sockets) {
  listen(listener, std::move(sockets), probe_sessions_);
}

void Worker::listen(ListenerId listener, SocketPair pair,
                    TcpSessions& sessions) {
  const ListenerContext context{io_, *handler_, counters_, arrivals_};
  udp_.push_back(std::make_unique<UdpListener>(
      context, UdpListener::Settings{.listener = listener, .local = pair.local},
      std::move(pair.udp)));
  tcp_.push_back(std::make_unique<TcpListener>(
      context, TcpListener::Settings{.listener = listener, .local = pair.local},
      std::move(pair.tcp), sessions));
}

void Worker::start() {
  for (const auto& listener : udp_) listener->start();
  for (const auto& listener : tcp_) listener->start();
  refresh_later();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "canopy-worker");
    thread_id_.set(static_cast<std::uint64_t>(gettid()));
    // After a handler throws, the loop continues with the next one.
    while (!io_.stopped()) guarded("worker", [this] { io_.run(); });
  });
}

void Worker::refresh_later() {
  refresh_.expires_after(std::chrono::seconds(1));
  refresh_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    refresh_later();  // first, because the handler may throw
    handler_->refresh();
  });
}

void Worker::ask_to_turn() {
  boost::asio::post(io_, [this] { turns_.add(); });
}

void Worker::wind_down_tcp() {
  boost::asio::post(io_, [this] {
    for (const auto& listener : tcp_) listener->stop();
    sessions_.wind_down();
    probe_sessions_.wind_down();
  });
}

void Worker::stop() {
  // Posts the stop, so that queued work is done first; it may send answers.
  boost::asio::post(io_, [this] { io_.stop(); });
  if (thread_.joinable()) thread_.join();
}

}  // namespace canopy
