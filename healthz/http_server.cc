#include "healthz/http_server.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/ip/v6_only.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "healthz/http_session.h"
#include "healthz/loopback.h"

namespace canopy {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

// The pause before the next accept when the process is out of descriptors.
constexpr std::chrono::milliseconds kAcceptPause{50};
// The listen backlog; the kernel may limit it further (net.core.somaxconn).
// The kernel drops connections beyond the backlog, and clients retry after a
// second.
constexpr int kBacklog = 4096;
// The kernel's send and receive buffers for one connection.
constexpr int kSendBuffer = 64 << 10;
constexpr int kReceiveBuffer = 16 << 10;

std::string to_text(const tcp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return std::move(text).str();
}

error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint,
                bool both_families) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (error) return error;
  if (endpoint.address().is_v6()) {
    acceptor.set_option(net::ip::v6_only(!both_families), error);
    if (error) return error;
  }
  acceptor.bind(endpoint, error);
  if (error) return error;
  // Accepted connections inherit these from the listening socket.
  acceptor.set_option(net::socket_base::send_buffer_size(kSendBuffer), error);
  acceptor.set_option(net::socket_base::receive_buffer_size(kReceiveBuffer),
                      error);
  acceptor.set_option(tcp::no_delay(true), error);
  acceptor.listen(kBacklog, error);
  return error;
}

[[noreturn]] void cannot_listen(const tcp::endpoint& endpoint,
                                const error_code& error) {
  throw std::runtime_error(fmt::format(
      "http: cannot listen on {} (TCP): {}; free that port or choose another "
      "with --healthz-port",
      to_text(endpoint), error.message()));
}

bool has_no_ipv6(const error_code& error) {
  return error == net::error::address_family_not_supported ||
         error == make_error_code(boost::system::errc::address_not_available);
}

// Listens on all addresses of the machine, IPv4 and IPv6 if both exist.
tcp::acceptor listen_everywhere(net::io_context& io, std::uint16_t port) {
  const tcp::endpoint v6(tcp::v6(), port);
  tcp::acceptor acceptor(io);
  error_code error = open(acceptor, v6, true);
  if (!error) return acceptor;
  if (!has_no_ipv6(error)) cannot_listen(v6, error);
  const tcp::endpoint v4(tcp::v4(), port);
  tcp::acceptor v4_acceptor(io);
  error = open(v4_acceptor, v4, false);
  if (error) cannot_listen(v4, error);
  return v4_acceptor;
}

tcp::acceptor listen_at(net::io_context& io, const tcp::endpoint& endpoint) {
  tcp::acceptor acceptor(io);
  if (const error_code error = open(acceptor, endpoint, false)) {
    cannot_listen(endpoint, error);
  }
  return acceptor;
}

// The session, of one client or of any, that least recently made progress.
HttpSession* least_recent(const HttpShared& shared,
                          const net::ip::address* client) {
  for (HttpSession* const session : shared.sessions) {
    if (client == nullptr || session->client() == *client) return session;
  }
  return nullptr;
}

bool make_room(HttpShared& shared, const net::ip::address* client,
               HttpCounts::Count& count) {
  HttpSession* const session = least_recent(shared, client);
  if (session == nullptr) return false;
  ++count;
  session->abort();
  return true;
}

// Reserves a place for one more connection of the client.
bool admit(HttpShared& shared, const net::ip::address& client) {
  HttpCounts& counts = shared.counts;
  for (;;) {  // bounded: each iteration closes a connection
    switch (shared.places.take(client)) {
      case Admission::kAdmitted:
        return true;
      case Admission::kShareUsed:
        if (!make_room(shared, &client, counts.over_share)) return false;
        break;
      case Admission::kFull:
        if (!make_room(shared, nullptr, counts.over_limit)) return false;
        break;
    }
  }
}

}  // namespace

struct HttpServer::Listener {
  Listener(tcp::acceptor listening, std::shared_ptr<HttpShared> with)
      : acceptor(std::move(listening)),
        pause(acceptor.get_executor()),
        shared(std::move(with)) {}

  tcp::acceptor acceptor;
  tcp::endpoint client;  // peer of the next accepted connection
  net::steady_timer pause;
  std::shared_ptr<HttpShared> shared;
};

HttpServer::HttpServer(net::io_context& io, const HttpServerOptions& options,
                       HttpRoutes routes)
    : io_(io),
      shared_(
          std::make_shared<HttpShared>(io, options.limits, std::move(routes))) {
  share_pages();
  listen(options);
  for (const auto& listener : listeners_) accept(listener);
}

HttpServer::~HttpServer() {
  for (const auto& listener : listeners_) {
    error_code ignored;
    listener->acceptor.close(ignored);  // a running pause then ends
  }
  for (const auto& [path, page] : shared_->pages) page->stop();
  while (!shared_->sessions.empty()) shared_->sessions.front()->close();
  shared_->page_thread->end();
}

void HttpServer::share_pages() {
  HttpShared& shared = *shared_;
  for (const std::string& path : shared.routes.paths()) {
    if (shared.routes.work_for(path) != HttpWork::kShared) continue;
    SharedPage::Options options;
    options.interval = shared.limits.page_interval;
    options.make = [&shared, request = HttpRequest{.path = path}] {
      ++shared.counts.page_builds;
      return shared.routes.respond(request);
    };
    options.made = [&shared, path](std::uint64_t number, const auto& page) {
      // take_page() never ends a session at once, so the list does not change
      // here.
      for (HttpSession* const session : shared.sessions) {
        session->take_page(path, number, page);
      }
    };
    shared.pages[path] = std::make_shared<SharedPage>(
        shared.io, shared.page_thread, std::move(options));
  }
}

void HttpServer::listen(const HttpServerOptions& options) {
  const auto keep = [this](tcp::acceptor acceptor) {
    listeners_.push_back(
        std::make_shared<Listener>(std::move(acceptor), shared_));
  };
  if (options.addresses.empty()) {
    return keep(listen_everywhere(io_, options.port));
  }
  std::uint16_t port = options.port;
  for (const net::ip::address& address : options.addresses) {
    keep(listen_at(io_, {address, port}));
    port = this->port();  // use the picked port for all addresses
  }
}

// Accepts one connection per turn of the io_context.  Earlier connections'
// requests are read and answered before any of them may be closed to make room.
void HttpServer::accept(const std::shared_ptr<Listener>& listener) {
  listener->acceptor.async_accept(listener->client, [listener](
                                                        const error_code& error,
                                                        tcp::socket socket) {
    if (!listener->acceptor.is_open()) return;
    if (error) return on_failure(listener, error);
    const net::ip::address client = plain(listener->client.address());
    HttpShared& shared = *listener->shared;
    if (admit(shared, client)) {
      std::make_shared<HttpSession>(std::move(socket), client, listener->shared)
          ->start();
    }
    accept(listener);
  });
}

void HttpServer::on_failure(const std::shared_ptr<Listener>& listener,
                            const error_code& error) {
  HttpShared& shared = *listener->shared;
  const bool no_descriptor =
      error == net::error::no_descriptors ||
      error ==
          make_error_code(boost::system::errc::too_many_files_open_in_system);
  if (no_descriptor && make_room(shared, nullptr, shared.counts.descriptors)) {
    return accept(listener);
  }
  listener->pause.expires_after(kAcceptPause);
  listener->pause.async_wait([listener](const error_code& stopped) {
    if (!stopped && listener->acceptor.is_open()) accept(listener);
  });
}

std::uint16_t HttpServer::port() const {
  return listeners_.front()->acceptor.local_endpoint().port();
}

std::vector<tcp::endpoint> HttpServer::endpoints() const {
  std::vector<tcp::endpoint> list;
  for (const auto& listener : listeners_) {
    list.push_back(listener->acceptor.local_endpoint());
  }
  return list;
}

}  // namespace canopy
