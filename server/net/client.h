// Identifies a client by its address.  A plain value.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <vector>

#include "server/net/address.h"

namespace canopy {

// An IPv4 address, or a digest of an IPv6 address or its first bits.  The key
// of the digest is random, so no one can find two IPv6 clients with equal
// digests.  The digest of an IPv6 client never equals an IPv4 client.
enum class Client : std::uint64_t {};

// The client of our own queries.
inline constexpr Client kOurselves{0};

// How many bits of an IPv6 address identify a client.
struct Ipv6Clients {
  // For addresses outside the cluster: a host may use all addresses with the
  // same first bits, this many.  48 to 128.
  unsigned prefix = 64;
  // Inside the cluster a /64 is a node and each pod has an address in it, so
  // all 128 bits count.  These are inside: fc00::/7, link-local addresses,
  // loopback, and the /48 around each of `own`.  The reason for /48: a node
  // usually has a /64, and kube-controller-manager allows at most 16 bits
  // between the prefixes of the cluster and of a node.
  std::vector<Address> own{};
};

// Call once, before other threads call client_of().
void set_ipv6_clients(const Ipv6Clients& clients);

// `address` may be a sockaddr_in, by sin6_family; for another family the
// result is kOurselves.  An IPv6 address that represents an IPv4 address counts
// as that IPv4 address.  Examples for 192.0.2.1: ::ffff:192.0.2.1, NAT64's
// 64:ff9b::192.0.2.1 and all of 6to4's 2002:c000:201::/48.
Client client_of(const sockaddr_in6& address);
Client client_of(const Address& address);

}  // namespace canopy
