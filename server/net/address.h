// Addresses as values, and their text.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>
#include <string>

namespace canopy {

using Address = boost::asio::ip::address;
// Address and port of a server or listener, for UDP or TCP.
using SocketAddress = boost::asio::ip::udp::endpoint;

// An address with its host bits set to zero, and the length of its prefix:
// 10.96.0.0/12.
struct Network {
  Address address;
  unsigned prefix = 0;

  friend bool operator==(const Network&, const Network&) = default;
};

// True for a link-local IPv6 address without its interface (zone, RFC 4007
// section 11).  No packet can be sent to such an address.
inline bool lacks_zone(const Address& address) {
  return address.is_v6() && address.to_v6().is_link_local() &&
         address.to_v6().scope_id() == 0;
}

// "10.0.0.1:53" and "[2001:db8::1]:53".
inline std::string to_text(const SocketAddress& socket) {
  const std::string address = socket.address().to_string();
  const std::string port = ":" + std::to_string(socket.port());
  return socket.address().is_v6() ? "[" + address + "]" + port : address + port;
}

}  // namespace canopy
