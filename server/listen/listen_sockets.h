// Opens and binds the sockets of one tier: for each worker and each address a
// UDP and a TCP socket that share the port (SO_REUSEPORT), so that the kernel
// spreads clients over workers.  Used at start-up, on one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/net/address.h"
#include "server/net/file_descriptor.h"

namespace canopy {

// What one worker listens on for one address.  Non-blocking.
struct SocketPair {
  FileDescriptor udp;  // bound
  FileDescriptor tcp;  // bound and listening
  SocketAddress local;
};

struct TierSockets {
  std::uint16_t port = 0;
  std::vector<SocketAddress> endpoints;
  std::vector<std::vector<SocketPair>> by_worker;
};

struct ListenPlan {
  // Empty: all addresses of this machine, IPv6 only where it has any.
  std::vector<Address> addresses;
  // 0: a port that is free for UDP and TCP on every address.
  std::uint16_t port = 0;
  // The flag that chose the port, for errors: "--dns-port".
  std::string_view flag;
  unsigned workers = 1;
  // What datagrams may take that wait in the kernel, in octets, all sockets of
  // the tier together.
  std::size_t receive_memory = SIZE_MAX;
};

// Throws ConfigurationError that names address, port and what to do.  A port
// that another process listens on is an error, although SO_REUSEPORT would let
// two processes of one user share it and split the questions between them.
TierSockets open_tier_sockets(const ListenPlan& plan);

// For one worker alone: on loopback, on a port of the kernel's choice.  Throws
// ConfigurationError.
SocketPair open_probe_sockets();

}  // namespace canopy
