// Recognizes addresses of this machine.  A plain function.
#pragma once

#include <boost/asio/ip/address.hpp>

namespace canopy {

// The IPv4 address in ::ffff:192.0.2.1, which dual-stack sockets report; other
// addresses unchanged.
inline boost::asio::ip::address plain(const boost::asio::ip::address& address) {
  namespace ip = boost::asio::ip;
  if (address.is_v4() || !address.to_v6().is_v4_mapped()) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

inline bool is_loopback(const boost::asio::ip::address& address) {
  return plain(address).is_loopback();
}

}  // namespace canopy
