#include "kubewatch/api/limited_stream.h"

#include <doctest/doctest.h>

#include <string>

using namespace canopy::kube;

namespace {

// The octets until a limit is passed; all of them when none is.
std::size_t taken(LineLimits& limits, const std::string& octets) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (!limits.take(octets[i])) return i;
  }
  return octets.size();
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("lines within the limits, however many replies") {
  LineLimits limits;
  const std::string head = "HTTP/1.1 200 " + std::string(1000, 'a') +
                           "\r\nAudit-Id: " + std::string(8000, 'b') +
                           "\r\n\r\n";
  for (int i = 0; i < 100; ++i) {
    CHECK(taken(limits, head) == head.size());
    CHECK(taken(limits, "ffff\r\n") == 6);
    limits.take_body();
  }
  CHECK(limits.fault() == nullptr);
}

TEST_CASE("each limit has its fault") {
  struct Row {
    std::string octets;
    std::size_t most;
    const char* fault;
  };
  const std::string continues = "HTTP/1.1 100 Continue\r\n\r\n";
  const Row rows[] = {
      {"HTTP/1.1 200 " + std::string(30'000, 'a'), LineLimits::kMaxStatusLine,
       "the status line is longer than 1 KiB"},
      // The one after "100 Continue" is matched by the regex, too.
      {continues + "HTTP/1.1 200 " + std::string(30'000, 'a'),
       continues.size() + LineLimits::kMaxStatusLine,
       "the status line is longer than 1 KiB"},
      {"A: " + std::string(30'000, 'a'), LineLimits::kMaxLine,
       "a header line is longer than 8 KiB"},
      {repeated("A: b\r\n", 20'000), LineLimits::kMaxLines,
       "the headers are longer than 64 KiB"},
      {repeated(continues, 20'000), LineLimits::kMaxLines,
       "the headers are longer than 64 KiB"},
      {repeated("\n", 200'000), LineLimits::kMaxLines,
       "the headers are longer than 64 KiB"},
  };
  for (const Row& row : rows) {
    LineLimits limits;
    CAPTURE(row.fault);
    CHECK(taken(limits, row.octets) == row.most);
    REQUIRE(limits.fault() != nullptr);
    CHECK(std::string(limits.fault()) == row.fault);
    CHECK_FALSE(limits.take('\n'));  // for good
  }
}
