#include "server/listen/listen_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "healthz/configuration_error.h"
#include "server/net/address.h"

namespace canopy {
namespace {

// Room for a burst of about 10,000 queries.  Each takes at least 768 octets in
// the kernel.  The kernel doubles the requested value but may grant less.
constexpr std::size_t kReceiveBuffer = 8 << 20;
constexpr std::size_t kLeastReceiveBuffer = 128 << 10;
constexpr int kSendBuffer = 4 << 20;
constexpr int kBacklog = 1024;
// Buffers of each TCP connection; the kernel doubles them too.  Without these
// limits the kernel buffers several MiB for a slow client, which count against
// our control group.  Answers that do not fit wait in TcpOutput, which has a
// budget.
constexpr int kTcpReceiveBuffer = 8 << 10;
constexpr int kTcpSendBuffer = 16 << 10;

// A failed socket call, which becomes an error text later.
struct BindFailure {
  int error = 0;
  SocketAddress endpoint;
  const char* protocol = "";
};

void set(int fd, int level, int name, int value) {
  // A failure is ignored: each of these options is only an improvement.
  ::setsockopt(fd, level, name, &value, sizeof value);
}

FileDescriptor open_socket(const SocketAddress& endpoint, int type) {
  FileDescriptor fd(::socket(endpoint.protocol().family(),
                             type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd && endpoint.address().is_v6()) {
    set(fd.number(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  return fd;
}

const char* protocol_of(int type) { return type == SOCK_DGRAM ? "UDP" : "TCP"; }

void bind_socket(const FileDescriptor& fd, const SocketAddress& endpoint,
                 int type) {
  if (fd && ::bind(fd.number(), endpoint.data(),
                   static_cast<socklen_t>(endpoint.size())) == 0) {
    return;
  }
  throw BindFailure{errno, endpoint, protocol_of(type)};
}

// Binds without SO_REUSEPORT and closes the socket again.  Throws if another
// process has the port.  Returns the port; for port 0 the kernel chose it.
std::uint16_t probe_port(const SocketAddress& endpoint, int type) {
  const FileDescriptor fd = open_socket(endpoint, type);
  // Ignores TCP connections of an earlier process in TIME_WAIT.
  if (fd && type == SOCK_STREAM) {
    set(fd.number(), SOL_SOCKET, SO_REUSEADDR, 1);
  }
  bind_socket(fd, endpoint, type);
  sockaddr_in6 bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd.number(), reinterpret_cast<sockaddr*>(&bound), &size) !=
      0) {
    throw BindFailure{errno, endpoint, protocol_of(type)};
  }
  return ntohs(bound.sin6_port);  // same offset as in sockaddr_in
}

void ask_for_local_address(int fd, const Address& address) {
  // Answers of a socket that is bound to one address always leave from it.
  if (!address.is_unspecified()) return;
  if (address.is_v6()) {
    set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  } else {
    set(fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
}

FileDescriptor open_udp(const SocketAddress& endpoint, int receive_buffer) {
  FileDescriptor fd = open_socket(endpoint, SOCK_DGRAM);
  if (fd) set(fd.number(), SOL_SOCKET, SO_REUSEPORT, 1);
  bind_socket(fd, endpoint, SOCK_DGRAM);
  set(fd.number(), SOL_SOCKET, SO_RCVBUF, receive_buffer);
  set(fd.number(), SOL_SOCKET, SO_SNDBUF, kSendBuffer);
  // Our answers fit any path, and spoofed "fragmentation needed" messages must
  // not shrink the path MTU.
  if (endpoint.address().is_v4()) {
    set(fd.number(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  } else {
    set(fd.number(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
  }
  ask_for_local_address(fd.number(), endpoint.address());
  return fd;
}

FileDescriptor open_tcp(const SocketAddress& endpoint) {
  FileDescriptor fd = open_socket(endpoint, SOCK_STREAM);
  if (fd) {
    set(fd.number(), SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd.number(), SOL_SOCKET, SO_REUSEPORT, 1);
    // Accepted sockets inherit the buffer sizes.
    set(fd.number(), SOL_SOCKET, SO_RCVBUF, kTcpReceiveBuffer);
    set(fd.number(), SOL_SOCKET, SO_SNDBUF, kTcpSendBuffer);
  }
  bind_socket(fd, endpoint, SOCK_STREAM);
  if (::listen(fd.number(), kBacklog) != 0) {
    throw BindFailure{errno, endpoint, protocol_of(SOCK_STREAM)};
  }
  return fd;
}

// "another --dns-port or --dns-bind-address".
std::string another_place(std::string_view set_by) {
  const std::string where(set_by);
  return set_by.starts_with("--")
             ? "another " + where + " or --dns-bind-address"
             : "another port or bind address in " + where;
}

std::string advice(const BindFailure& failure, std::string_view set_by) {
  const std::string another = another_place(set_by);
  switch (failure.error) {
    case EACCES:
    case EPERM:
      return "ports below 1024 need the NET_BIND_SERVICE capability; grant it "
             "or choose " +
             another;
    case EADDRINUSE:
      return "another process listens there; stop it or choose " + another;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return "this machine has no such address; correct " +
             (set_by.starts_with("--") ? std::string("--dns-bind-address")
                                       : "bind in " + std::string(set_by));
    case EMFILE:
    case ENFILE:
      return "too many open files; raise the limit (ulimit -n)";
    default:
      return "choose " + another;
  }
}

ConfigurationError usage_error(const BindFailure& failure,
                               std::string_view set_by) {
  return ConfigurationError("cannot listen on " + to_text(failure.endpoint) +
                            " (" + failure.protocol +
                            "): " + std::strerror(failure.error) + ": " +
                            advice(failure, set_by));
}

bool lacks_ipv6(const BindFailure& failure) {
  return failure.endpoint.address().is_v6() &&
         (failure.error == EAFNOSUPPORT || failure.error == EADDRNOTAVAIL);
}

// Returns the wildcard addresses that this machine can bind.
std::vector<Address> all_addresses() {
  std::vector<Address> addresses{boost::asio::ip::address_v4::any()};
  try {
    probe_port({boost::asio::ip::address_v6::any(), 0}, SOCK_DGRAM);
    addresses.emplace_back(boost::asio::ip::address_v6::any());
  } catch (const BindFailure& failure) {
    if (!lacks_ipv6(failure)) throw;
  }
  return addresses;
}

bool has_address(const Address& address) {
  try {
    probe_port(SocketAddress(address, 0), SOCK_DGRAM);
  } catch (const BindFailure& failure) {
    return failure.error != EADDRNOTAVAIL && failure.error != EAFNOSUPPORT;
  }
  return true;
}

int receive_buffer(std::size_t addresses, const ListenPlan& plan) {
  const std::size_t sockets = addresses * plan.workers;
  return static_cast<int>(std::clamp(plan.receive_memory / sockets / 2,
                                     kLeastReceiveBuffer, kReceiveBuffer));
}

ListenerSockets open_all(const std::vector<Address>& addresses,
                         const ListenPlan& plan) {
  ListenerSockets opened;
  opened.port = plan.port;
  for (const Address& address : addresses) {
    const std::uint16_t port =
        probe_port(SocketAddress(address, opened.port), SOCK_DGRAM);
    opened.port = port;
    probe_port(SocketAddress(address, port), SOCK_STREAM);
    opened.endpoints.emplace_back(address, port);
  }
  const int buffer = receive_buffer(addresses.size(), plan);
  for (unsigned i = 0; i < plan.workers; ++i) {
    auto& sockets = opened.by_worker.emplace_back();
    for (const SocketAddress& endpoint : opened.endpoints) {
      sockets.push_back(
          {open_udp(endpoint, buffer), open_tcp(endpoint), endpoint});
    }
  }
  return opened;
}

}  // namespace

ListenerSockets open_sockets(const ListenPlan& plan) {
  // The kernel's port for UDP may be taken for TCP; then try another one.
  constexpr int kAttempts = 50;
  for (int attempt = 1;; ++attempt) {
    try {
      return open_all(plan.addresses.empty() ? all_addresses() : plan.addresses,
                      plan);
    } catch (const BindFailure& failure) {
      const bool again = plan.port == 0 && failure.error == EADDRINUSE;
      if (!again || attempt == kAttempts)
        throw usage_error(failure, plan.set_by);
    }
  }
}

SocketPair open_probe_sockets() {
  const auto open_on = [](const Address& loopback) {
    ListenerSockets sockets =
        open_sockets({.addresses = {loopback},
                      .set_by = "--workers",
                      .workers = 1,
                      .receive_memory = kLeastReceiveBuffer});
    return std::move(sockets.by_worker.front().front());
  };
  const Address v4 = boost::asio::ip::address_v4::loopback();
  const Address v6 = boost::asio::ip::address_v6::loopback();
  return open_on(has_address(v4) ? v4 : v6);
}

}  // namespace canopy
