#include "server/machine/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace canopy {
namespace {

bool contains(const std::vector<Address>& addresses, const Address& wanted) {
  return std::find(addresses.begin(), addresses.end(), wanted) !=
         addresses.end();
}

// The result of interface_addresses() has no zones.
Address without_zone(const Address& address) {
  if (!address.is_v6()) return address;
  return boost::asio::ip::address_v6(address.to_v6().to_bytes());
}

}  // namespace

std::vector<Address> interface_addresses() {
  std::vector<Address> addresses;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return addresses;
  for (const ifaddrs* item = all; item != nullptr; item = item->ifa_next) {
    if (item->ifa_addr == nullptr) continue;
    if (item->ifa_addr->sa_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, item->ifa_addr, sizeof v4);
      addresses.emplace_back(
          boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)));
    } else if (item->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, item->ifa_addr, sizeof v6);
      boost::asio::ip::address_v6::bytes_type octets{};
      std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
      addresses.emplace_back(boost::asio::ip::address_v6(octets));
    }
  }
  ::freeifaddrs(all);
  return addresses;
}

bool OwnAddresses::include(const SocketAddress& server) const {
  if (port == 0 || server.port() != port) return false;
  const bool all =
      bound.empty() ||
      std::any_of(bound.begin(), bound.end(), [&](const auto& a) {
        return a.is_unspecified() && a.is_v6() == server.address().is_v6();
      });
  if (!all) return contains(bound, server.address());
  return server.address().is_loopback() || server.address().is_unspecified() ||
         contains(interface_addresses(), without_zone(server.address()));
}

}  // namespace canopy
