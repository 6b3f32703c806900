// Opens and binds the sockets of one listener.  For each worker and each
// address these are a UDP and a TCP socket that share the port (SO_REUSEPORT),
// so that the kernel spreads clients over workers.  Used at start-up, on one
// thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/net/address.h"
#include "server/net/file_descriptor.h"

namespace canopy {

// The sockets of one worker for one address.  Non-blocking.
struct SocketPair {
  FileDescriptor udp;  // bound
  FileDescriptor tcp;  // bound and listening
  SocketAddress local;
};

struct ListenerSockets {
  std::uint16_t port = 0;
  std::vector<SocketAddress> endpoints;
  std::vector<std::vector<SocketPair>> by_worker;
};

struct ListenPlan {
  // Empty: all addresses of this machine, with IPv6 only if it has any.
  std::vector<Address> addresses;
  // 0: any port that is free for UDP and TCP on each address.
  std::uint16_t port = 0;
  // Where the port was set, for error texts: "--dns-port" or "Corefile:1".
  std::string_view set_by;
  unsigned workers = 1;
  // Kernel memory for waiting datagrams, in octets, for all sockets
  // together.
  std::size_t receive_memory = SIZE_MAX;
};

// Throws ConfigurationError that names the address, the port and a remedy.  A
// port that another process listens on is an error.  SO_REUSEPORT alone would
// let two processes of one user share the port and split the queries.
ListenerSockets open_sockets(const ListenPlan& plan);

// Opens sockets for one worker, on loopback, on a port chosen by the kernel.
// Throws ConfigurationError.
SocketPair open_probe_sockets();

}  // namespace canopy
