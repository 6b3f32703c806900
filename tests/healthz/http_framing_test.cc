#include "healthz/http_framing.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace canopy {
namespace {

TEST_CASE(
    "a header ends with an empty line, wherever it was looked for before") {
  const std::string octets = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /";
  const std::size_t size = octets.size() - 5;
  for (std::size_t scanned = 0; scanned < size; ++scanned) {
    CHECK(header_size(octets, scanned) == size);
  }
  CHECK(header_size(octets.substr(0, size - 1), 0) == std::string::npos);
  CHECK(header_size("", 0) == std::string::npos);
}

TEST_CASE("lines end in CR LF, and go on in no other") {
  struct Case {
    std::string octets;
    bool clean;
  };
  const std::vector<Case> cases{
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHo", true},
      {"GET / HTTP/1.1\r", true},
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", false},
      {"\n", false},
      {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", false},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", false},
      {std::string("GET / HTTP/1.1\r\nX: \0\r\n\r\n", 23), false}};
  for (const Case& one : cases) {
    CAPTURE(one.octets);
    CHECK(has_clean_lines(one.octets, 0) == one.clean);
    // The same however it comes.
    bool clean = true;
    for (std::size_t size = 1; clean && size <= one.octets.size(); ++size) {
      clean = has_clean_lines(one.octets.substr(0, size), size - 1);
    }
    CHECK(clean == one.clean);
  }
}

TEST_CASE("a target is in origin or absolute form") {
  struct Case {
    std::string text;
    std::string origin;  // empty: refused
    std::string host{};
  };
  const std::vector<Case> cases{{"/a?b=c", "/a?b=c"},
                                {"http://h/a?b", "/a?b", "h"},
                                {"HTTP://h:80", "/", "h:80"},
                                {"http://[::1]:80/a", "/a", "[::1]:80"},
                                {"http:///a", ""},
                                {"http://h?a", ""},
                                {"https://h/a", ""},
                                {"h:80", ""},
                                {"*", ""},
                                {"a", ""}};
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const auto target = target_of(one.text);
    REQUIRE(target.has_value() == !one.origin.empty());
    if (!target) continue;
    CHECK(target->origin == one.origin);
    CHECK(target->host.value_or("") == one.host);
  }
}

TEST_CASE("only names of loopback are this machine's own") {
  for (const char* host :
       {"localhost", "LocalHost:8080", "localhost.", "127.0.0.1", "127.9.9.9:1",
        "[::1]", "[::1]:8080", "[::ffff:127.0.0.1]:80"}) {
    CAPTURE(host);
    CHECK(is_loopback_host(host));
  }
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
        "10.0.0.1", "[::2]", "[", "[::1", "0.0.0.0", "2130706433"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback_host(host));
  }
}

}  // namespace
}  // namespace canopy
