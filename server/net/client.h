// A client, as far as its address identifies one.  A plain value.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <vector>

#include "server/net/address.h"

namespace canopy {

// An IPv4 address, or a digest of an IPv6 address or its first bits.  The key
// of the digest is random, so nobody can find two IPv6 clients that meet; an
// IPv4 client meets none.
enum class Client : std::uint64_t {};

// Questions that no client asked.
inline constexpr Client kOurselves{0};

// How much of an IPv6 address is a client.
struct Ipv6Clients {
  // Of an address outside the cluster: a host may use all addresses that begin
  // with these bits.  48 to 128.
  unsigned prefix = 64;
  // Inside the cluster a /64 is a node, and each pod has an address in it, so
  // all 128 bits count.  Inside are fc00::/7, link-local addresses, loopback,
  // and the /48 around each of these: kube-controller-manager gives a node at
  // most 16 bits less than the cluster has, and a node usually has a /64.
  std::vector<Address> own{};
};

// Call once, before other threads call client_of().
void set_ipv6_clients(const Ipv6Clients& clients);

// Of a sockaddr_in too, by sin6_family.  An IPv6 address that stands for an
// IPv4 address is that: ::ffff:192.0.2.1, NAT64's 64:ff9b::192.0.2.1 and all of
// 6to4's 2002:c000:201::/48 are 192.0.2.1.  Another family is kOurselves.
Client client_of(const sockaddr_in6& address);
Client client_of(const Address& address);

}  // namespace canopy
