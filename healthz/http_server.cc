#include "healthz/http_server.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/ip/v6_only.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "healthz/http_session.h"

namespace canopy {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

// How long to wait when the process has no descriptor left to accept with.
constexpr std::chrono::milliseconds kAcceptPause{50};

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
  acceptor.listen(net::socket_base::max_listen_connections, error);
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

// Every address of the machine, of both families where there are two.
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

}  // namespace

struct HttpServer::Listener {
  Listener(tcp::acceptor listening, std::shared_ptr<HttpShared> with)
      : acceptor(std::move(listening)),
        pause(acceptor.get_executor()),
        shared(std::move(with)) {}

  tcp::acceptor acceptor;
  net::steady_timer pause;
  std::shared_ptr<HttpShared> shared;
};

HttpServer::HttpServer(net::io_context& io, const HttpServerOptions& options,
                       HttpRoutes routes)
    : io_(io), shared_(std::make_shared<HttpShared>()) {
  shared_->routes = std::move(routes);
  shared_->max_connections = options.max_connections;
  shared_->timeout = options.timeout;
  listen(options);
  for (const auto& listener : listeners_) accept(listener);
}

HttpServer::~HttpServer() {
  for (const auto& listener : listeners_) {
    error_code ignored;
    listener->acceptor.close(ignored);  // a pause looks at it, and ends
  }
  while (!shared_->sessions.empty()) shared_->sessions.front()->close();
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
    port = this->port();  // a free port, once picked, is for all addresses
  }
}

void HttpServer::accept(const std::shared_ptr<Listener>& listener) {
  listener->acceptor.async_accept([listener](const error_code& error,
                                             tcp::socket socket) {
    if (!listener->acceptor.is_open()) return;
    if (error) {
      listener->pause.expires_after(kAcceptPause);
      listener->pause.async_wait([listener](const error_code& stopped) {
        if (!stopped && listener->acceptor.is_open()) accept(listener);
      });
      return;
    }
    auto& sessions = listener->shared->sessions;
    if (sessions.size() >= listener->shared->max_connections) {
      sessions.front()->close();
    }
    std::make_shared<HttpSession>(std::move(socket), listener->shared)->start();
    accept(listener);
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
