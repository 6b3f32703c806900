#include "server/machine/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace canopy {
namespace {

bool contains(const std::vector<Address>& addresses, const Address& wanted) {
  return std::find(addresses.begin(), addresses.end(), wanted) !=
         addresses.end();
}

Address without_zone(const Address& address) {
  if (!address.is_v6()) return address;
  return boost::asio::ip::address_v6(address.to_v6().to_bytes());
}

// Returns nothing for other families.
std::optional<Address> address_of(const sockaddr& from) {
  if (from.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &from, sizeof v4);
    return boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (from.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &from, sizeof v6);
  boost::asio::ip::address_v6::bytes_type octets{};
  std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
  return boost::asio::ip::address_v6(octets, v6.sin6_scope_id);
}

// Calls `each(name, address)` for the addresses of all interfaces.
template <typename Each>
void for_each_interface_address(const Each& each) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return;
  for (const ifaddrs* item = all; item != nullptr; item = item->ifa_next) {
    if (item->ifa_addr == nullptr) continue;
    const auto address = address_of(*item->ifa_addr);
    if (address) each(item->ifa_name, *address);
  }
  ::freeifaddrs(all);
}

}  // namespace

std::vector<Address> interface_addresses() {
  std::vector<Address> addresses;
  for_each_interface_address([&](const char*, const Address& address) {
    addresses.push_back(without_zone(address));
  });
  return addresses;
}

std::vector<Address> addresses_of_interface(const std::string& name) {
  std::vector<Address> addresses;
  for_each_interface_address([&](const char* of, const Address& address) {
    if (name == of) addresses.push_back(address);
  });
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
