#include "server/net/client.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "server/config/text_values.h"

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

// Sets the rules until the end of a test.
struct Rules {
  explicit Rules(const Ipv6Clients& clients) { set_ipv6_clients(clients); }
  ~Rules() { set_ipv6_clients({}); }
};

TEST_CASE("inside the cluster each IPv6 address is a client") {
  const Rules rules({.own = {address_value("2001:db8:7:1::53"),
                             address_value("10.0.0.1"), address_value("::1")}});
  for (const char* const node : {"fd00:10:244:3::", "fc00::", "fe80::",
                                 "2001:db8:7:1::", "2001:db8:7:ffff::"}) {
    const std::string network = node;
    CHECK(v6((network + "a").c_str()) == v6((network + "a").c_str()));
    CHECK(v6((network + "a").c_str()) != v6((network + "b").c_str()));
  }
  CHECK(v6("::1") != v6("::2"));
  CHECK(v6("fd00:1::a") != v6("fd00:2::a"));
}

TEST_CASE("elsewhere the first bits of an IPv6 address are a client") {
  const Rules rules({.own = {address_value("2001:db8:7:1::53")}});
  CHECK(v6("2001:db8:0:1::1") == v6("2001:db8:0:1:ffff:ffff:ffff:ffff"));
  CHECK(v6("2001:db8:0:1::1") != v6("2001:db8:0:2::1"));
  CHECK(v6("2001:db8:8:1::1") == v6("2001:db8:8:1::2"));
  CHECK(v6("2001:db8:0:1::1") != v4("32.1.13.184"));
}

TEST_CASE("how many bits those are can be chosen") {
  struct {
    unsigned prefix;
    const char* same;
    const char* other;
  } const cases[] = {
      {48, "2001:db8:0:ffff::1", "2001:db8:1::1"},
      {56, "2001:db8:0:ff::1", "2001:db8:0:100::1"},
      {64, "2001:db8::ffff:0:0:1", "2001:db8:0:1::1"},
      {96, "2001:db8::ffff:ffff", "2001:db8::1:0:0"},
      {128, "2001:db8::1", "2001:db8::2"},
  };
  for (const auto& item : cases) {
    const Rules rules({.prefix = item.prefix});
    CHECK(v6("2001:db8::1") == v6(item.same));
    CHECK(v6("2001:db8::1") != v6(item.other));
  }
}

TEST_CASE("an IPv6 address that stands for an IPv4 address is that") {
  CHECK(v6("64:ff9b::192.0.2.1") == v4("192.0.2.1"));
  CHECK(v6("64:ff9b::192.0.2.2") == v4("192.0.2.2"));
  CHECK(v6("2002:c000:201:7::9") == v4("192.0.2.1"));
}

TEST_CASE("no address is ourselves") {
  CHECK(client_of(sockaddr_in6{}) == kOurselves);
  CHECK(v6("::1") != kOurselves);
  CHECK(v6("::") != kOurselves);
}

}  // namespace
}  // namespace canopy
