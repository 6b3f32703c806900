#include "healthz/http_acceptors.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/ip/v6_only.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace canopy {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

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
                                const error_code& error,
                                std::string_view set_by) {
  throw std::runtime_error(fmt::format(
      "http: cannot listen on {} (TCP): {}; free that port or choose another "
      "with {}",
      to_text(endpoint), error.message(), set_by));
}

bool has_no_ipv6(const error_code& error) {
  return error == net::error::address_family_not_supported ||
         error == make_error_code(boost::system::errc::address_not_available);
}

// Listens on all addresses of the machine, IPv4 and IPv6 if both exist.
tcp::acceptor open_everywhere(net::io_context& io, std::uint16_t port,
                              std::string_view set_by) {
  const tcp::endpoint v6(tcp::v6(), port);
  tcp::acceptor acceptor(io);
  error_code error = open(acceptor, v6, true);
  if (!error) return acceptor;
  if (!has_no_ipv6(error)) cannot_listen(v6, error, set_by);
  const tcp::endpoint v4(tcp::v4(), port);
  tcp::acceptor v4_acceptor(io);
  error = open(v4_acceptor, v4, false);
  if (error) cannot_listen(v4, error, set_by);
  return v4_acceptor;
}

tcp::acceptor open_at(net::io_context& io, const tcp::endpoint& endpoint,
                      std::string_view set_by) {
  tcp::acceptor acceptor(io);
  if (const error_code error = open(acceptor, endpoint, false)) {
    cannot_listen(endpoint, error, set_by);
  }
  return acceptor;
}

}  // namespace

std::vector<tcp::acceptor> http_acceptors(
    net::io_context& io, const std::vector<HttpAddress>& listen,
    std::string_view set_by) {
  std::vector<tcp::acceptor> acceptors;
  acceptors.reserve(listen.size());
  for (const HttpAddress& where : listen) {
    if (where.addresses.empty()) {
      acceptors.push_back(open_everywhere(io, where.port, set_by));
      continue;
    }
    std::uint16_t port = where.port;
    for (const net::ip::address& address : where.addresses) {
      acceptors.push_back(open_at(io, {address, port}, set_by));
      // Use the picked port for all addresses.
      port = acceptors.back().local_endpoint().port();
    }
  }
  return acceptors;
}

}  // namespace canopy
