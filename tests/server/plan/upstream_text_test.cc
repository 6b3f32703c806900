#include "server/plan/upstream_text.h"

#include <doctest/doctest.h>

#include <cstring>

#include "server/config/text_values.h"

namespace canopy {
namespace {

sockaddr_in6 at(const char* text) {
  const SocketAddress endpoint(address_value(text), 53);
  sockaddr_in6 plain{};
  std::memcpy(&plain, endpoint.data(), endpoint.size());
  return plain;
}

TEST_CASE("a text names upstreams by address or by number") {
  const std::string text = upstream_name(server_value("10.0.0.1"), 1, 2) +
                           " timed out, " +
                           upstream_name(server_value("[fd00::1]:5353"), 2, 2) +
                           " answered SERVFAIL, after 1800 ms";
  CHECK(with_names(text, UpstreamNames::kAddresses) ==
        "10.0.0.1:53 timed out, [fd00::1]:5353 answered SERVFAIL, after 1800 "
        "ms");
  CHECK(with_names(text, UpstreamNames::kNumbers) ==
        "upstream 1 of 2 timed out, upstream 2 of 2 answered SERVFAIL, after "
        "1800 ms");
}

TEST_CASE("a text that names no upstream stays as it is") {
  for (const std::string text : {"", "no upstream is configured", "a<b", "a|b>",
                                 "a<b|c", "<", "no server of a<b>.example"}) {
    CHECK(with_names(text, UpstreamNames::kNumbers) == text);
  }
}

TEST_CASE("addresses are told to loopback and this machine only") {
  UpstreamNaming naming{
      .own = {address_value("10.244.1.5"), address_value("fd00:10:244:1::5")}};
  const auto told = [&](const char* client) {
    return naming.for_client(at(client)) == UpstreamNames::kAddresses;
  };
  for (const char* const ours :
       {"127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1", "10.244.1.5",
        "::ffff:10.244.1.5", "fd00:10:244:1::5"}) {
    CHECK(told(ours));
  }
  for (const char* const other :
       {"10.244.1.6", "::ffff:10.244.1.6", "fd00:10:244:1::6", "::"}) {
    CHECK_FALSE(told(other));
  }
  naming.mode = UpstreamNaming::Mode::kAlways;
  CHECK(told("10.244.1.6"));
  naming.mode = UpstreamNaming::Mode::kNever;
  CHECK_FALSE(told("127.0.0.1"));
}

}  // namespace
}  // namespace canopy
