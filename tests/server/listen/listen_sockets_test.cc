#include "server/listen/listen_sockets.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <set>
#include <string>

#include "healthz/configuration_error.h"

namespace canopy {
namespace {

using boost::asio::ip::make_address;

const Address kLoopback4 = make_address("127.0.0.1");

int option_of(const FileDescriptor& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(socket.number(), level, name, &value, &size) == 0);
  return value;
}

bool listens(const FileDescriptor& socket) {
  return option_of(socket, SOL_SOCKET, SO_ACCEPTCONN) == 1;
}

bool is_non_blocking(const FileDescriptor& socket) {
  return (::fcntl(socket.number(), F_GETFL) & O_NONBLOCK) != 0;
}

// Where the kernel says that it is bound.
SocketAddress bound_to(const FileDescriptor& socket) {
  SocketAddress address;
  auto size = static_cast<socklen_t>(address.capacity());
  REQUIRE(::getsockname(socket.number(), address.data(), &size) == 0);
  address.resize(size);
  return address;
}

FileDescriptor socket_at(const SocketAddress& address, int type,
                         bool shares = false) {
  FileDescriptor socket(
      ::socket(address.protocol().family(), type | SOCK_CLOEXEC, 0));
  const int one = 1;
  if (shares) {
    ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  }
  REQUIRE(::bind(socket.number(), address.data(),
                 static_cast<socklen_t>(address.size())) == 0);
  if (type == SOCK_STREAM) REQUIRE(::listen(socket.number(), 1) == 0);
  return socket;
}

bool has_ipv6_loopback() {
  const FileDescriptor socket(::socket(AF_INET6, SOCK_DGRAM, 0));
  const SocketAddress address(make_address("::1"), 0);
  return socket && ::bind(socket.number(), address.data(),
                          static_cast<socklen_t>(address.size())) == 0;
}

std::string error_of_plan(const ListenPlan& plan) {
  try {
    open_sockets(plan);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("listen sockets: each worker has a pair for each address") {
  const Address other = make_address("127.0.0.2");
  const ListenerSockets tier = open_sockets(
      {.addresses = {kLoopback4, other}, .set_by = "--dns-port", .workers = 3});
  CHECK(tier.port != 0);
  REQUIRE(tier.endpoints.size() == 2);
  CHECK(tier.endpoints[0] == SocketAddress(kLoopback4, tier.port));
  CHECK(tier.endpoints[1] == SocketAddress(other, tier.port));
  REQUIRE(tier.by_worker.size() == 3);
  for (const auto& pairs : tier.by_worker) {
    REQUIRE(pairs.size() == 2);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      CHECK(pairs[i].local == tier.endpoints[i]);
      CHECK(bound_to(pairs[i].udp) == tier.endpoints[i]);
      CHECK(bound_to(pairs[i].tcp) == tier.endpoints[i]);
      CHECK(is_non_blocking(pairs[i].udp));
      CHECK(is_non_blocking(pairs[i].tcp));
      CHECK(listens(pairs[i].tcp));
    }
  }
}

TEST_CASE("listen sockets: no address means all, IPv6 where there is any") {
  const ListenerSockets tier =
      open_sockets({.addresses = {}, .set_by = "--dns-port"});
  std::set<std::string> addresses;
  for (const SocketAddress& endpoint : tier.endpoints) {
    addresses.insert(endpoint.address().to_string());
    CHECK(endpoint.port() == tier.port);
  }
  CHECK(addresses.contains("0.0.0.0"));
  CHECK(addresses.contains("::") == has_ipv6_loopback());
  // An answer must leave from the address that was asked.
  const FileDescriptor& udp = tier.by_worker[0][0].udp;
  CHECK(option_of(udp, IPPROTO_IP, IP_PKTINFO) == 1);
}

TEST_CASE("listen sockets: a port may be chosen, and is chosen again") {
  const ListenerSockets first =
      open_sockets({.addresses = {kLoopback4}, .set_by = "--dns-port"});
  const ListenerSockets second =
      open_sockets({.addresses = {kLoopback4}, .set_by = "--dns-port"});
  CHECK(first.port != second.port);
  const std::uint16_t port = [] {
    return open_sockets({.addresses = {kLoopback4}, .set_by = "--dns-port"})
        .port;
  }();
  CHECK(open_sockets(
            {.addresses = {kLoopback4}, .port = port, .set_by = "--dns-port"})
            .port == port);
}

TEST_CASE("listen sockets: a port that somebody has is an error") {
  struct Case {
    int type;
    bool shares;
    const char* protocol;
  };
  for (const Case& one :
       {Case{SOCK_DGRAM, false, "(UDP)"}, Case{SOCK_DGRAM, true, "(UDP)"},
        Case{SOCK_STREAM, false, "(TCP)"}, Case{SOCK_STREAM, true, "(TCP)"}}) {
    CAPTURE(one.protocol);
    CAPTURE(one.shares);
    const FileDescriptor other =
        socket_at(SocketAddress(kLoopback4, 0), one.type, one.shares);
    const SocketAddress taken = bound_to(other);
    CHECK(error_of_plan({.addresses = {kLoopback4},
                         .port = taken.port(),
                         .set_by = "--zone-port"}) ==
          "cannot listen on " + to_text(taken) + " " + one.protocol +
              ": Address already in use: another process listens there; stop "
              "it or choose another --zone-port or --dns-bind-address");
  }
}

TEST_CASE("listen sockets: an address that is not ours is an error") {
  CHECK(error_of_plan({.addresses = {kLoopback4, make_address("192.0.2.1")},
                       .set_by = "--dns-port"})
            .find("Cannot assign requested address: this machine has no such "
                  "address; correct --dns-bind-address") != std::string::npos);
}

TEST_CASE("listen sockets: IPv4 and IPv6 have the same port, each its own") {
  if (!has_ipv6_loopback()) return;
  const ListenerSockets tier =
      open_sockets({.addresses = {kLoopback4, make_address("::1")},
                    .set_by = "--dns-port",
                    .workers = 2});
  for (const auto& pairs : tier.by_worker) {
    REQUIRE(pairs.size() == 2);
    CHECK(pairs[0].local.port() == pairs[1].local.port());
    CHECK(option_of(pairs[1].udp, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
    CHECK(option_of(pairs[1].tcp, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
  }
}

TEST_CASE("listen sockets: what waits in the kernel is bounded") {
  constexpr std::size_t kMemory = 4 << 20;
  const ListenerSockets tier = open_sockets({.addresses = {kLoopback4},
                                             .set_by = "--dns-port",
                                             .workers = 4,
                                             .receive_memory = kMemory});
  std::size_t all = 0;
  for (const auto& pairs : tier.by_worker) {
    const int granted = option_of(pairs[0].udp, SOL_SOCKET, SO_RCVBUF);
    CHECK(granted > 0);
    all += static_cast<std::size_t>(granted);
    // Of a client that does not read or is not read.
    CHECK(option_of(pairs[0].tcp, SOL_SOCKET, SO_RCVBUF) <= 16 << 10);
    CHECK(option_of(pairs[0].tcp, SOL_SOCKET, SO_SNDBUF) <= 32 << 10);
  }
  CHECK(all <= kMemory);
}

TEST_CASE("listen sockets: questions and connections come in") {
  const ListenerSockets tier = open_sockets(
      {.addresses = {kLoopback4}, .set_by = "--dns-port", .workers = 2});
  const SocketAddress& server = tier.endpoints.front();
  const FileDescriptor udp =
      socket_at(SocketAddress(kLoopback4, 0), SOCK_DGRAM);
  REQUIRE(::sendto(udp.number(), "q", 1, 0, server.data(),
                   static_cast<socklen_t>(server.size())) == 1);
  const FileDescriptor tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(tcp.number(), server.data(),
                    static_cast<socklen_t>(server.size())) == 0);
  // One of the two workers has each.
  std::vector<pollfd> sockets;
  for (const auto& pairs : tier.by_worker) {
    sockets.push_back({pairs[0].udp.number(), POLLIN, 0});
    sockets.push_back({pairs[0].tcp.number(), POLLIN, 0});
  }
  int datagrams = 0;
  int connections = 0;
  for (int i = 0; i < 100 && (datagrams == 0 || connections == 0); ++i) {
    ::poll(sockets.data(), sockets.size(), 100);
    datagrams = (sockets[0].revents & POLLIN) + (sockets[2].revents & POLLIN);
    connections = (sockets[1].revents & POLLIN) + (sockets[3].revents & POLLIN);
  }
  CHECK(datagrams == POLLIN);
  CHECK(connections == POLLIN);
}

TEST_CASE("listen sockets: those for one worker's probes are on loopback") {
  const SocketPair first = open_probe_sockets();
  const SocketPair second = open_probe_sockets();
  CHECK(first.local.address().is_loopback());
  CHECK(first.local.port() != 0);
  CHECK(first.local != second.local);
  CHECK(bound_to(first.udp) == first.local);
  CHECK(bound_to(first.tcp) == first.local);
  CHECK(listens(first.tcp));
}

}  // namespace
}  // namespace canopy
