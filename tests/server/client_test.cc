#include "server/client.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <cstring>

namespace canopy {
namespace {

Client v6(const char* text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, text, &address.sin6_addr) == 1);
  return client_of(address);
}

Client v4(const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  REQUIRE(inet_pton(AF_INET, text, &address.sin_addr) == 1);
  sockaddr_in6 room{};
  std::memcpy(&room, &address, sizeof address);
  return client_of(room);
}

TEST_CASE("an IPv4 address is a client") {
  CHECK(v4("192.0.2.1") == v4("192.0.2.1"));
  CHECK(v4("192.0.2.1") != v4("192.0.2.2"));
  CHECK(v4("192.0.2.1") == v6("::ffff:192.0.2.1"));
}

TEST_CASE("all of an IPv6 /64 is one client") {
  CHECK(v6("2001:db8:0:1::1") == v6("2001:db8:0:1:ffff:ffff:ffff:ffff"));
  CHECK(v6("2001:db8:0:1::1") != v6("2001:db8:0:2::1"));
  CHECK(v6("2001:db8:0:1::1") != v4("32.1.13.184"));
}

TEST_CASE("no address is ourselves") {
  CHECK(client_of(sockaddr_in6{}) == kOurselves);
}

}  // namespace
}  // namespace canopy
