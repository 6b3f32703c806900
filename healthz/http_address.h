// An address of the HTTP listener, for health, readiness, metrics and debug
// pages.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <vector>

namespace canopy {

struct HttpAddress {
  // Empty: all IPv4 and IPv6 addresses.
  std::vector<boost::asio::ip::address> addresses{};
  std::uint16_t port = 8080;  // 0: any free port

  friend bool operator==(const HttpAddress&, const HttpAddress&) = default;
};

}  // namespace canopy
