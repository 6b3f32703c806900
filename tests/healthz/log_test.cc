#include "healthz/log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <regex>
#include <string>

namespace canopy {
namespace {

// What `body` writes to stderr.
std::string stderr_of(const std::function<void()>& body) {
  std::FILE* caught = std::tmpfile();
  REQUIRE(caught != nullptr);
  std::fflush(stderr);
  const int before = dup(STDERR_FILENO);
  dup2(fileno(caught), STDERR_FILENO);
  body();
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  std::string text;
  std::rewind(caught);
  std::array<char, 4096> piece{};
  while (const auto n = std::fread(piece.data(), 1, piece.size(), caught)) {
    text.append(piece.data(), n);
  }
  std::fclose(caught);
  return text;
}

struct InfoAfterwards {
  ~InfoAfterwards() { set_log_level("info"); }
};

TEST_CASE("a log line has a UTC time, a level and the text") {
  const std::string text = stderr_of([] { log_info("port {}", 53); });
  CHECK(std::regex_match(text,
                         std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )"
                                    R"(info port 53\n)")));
}

TEST_CASE("each function writes its own level") {
  const InfoAfterwards restore;
  REQUIRE(set_log_level("debug"));
  const std::string text = stderr_of([] {
    log_debug("one");
    log_info("two");
    log_warning("three");
    log_error("four");
  });
  CHECK(text.find("debug one\n") != std::string::npos);
  CHECK(text.find("info two\n") != std::string::npos);
  CHECK(text.find("warning three\n") != std::string::npos);
  CHECK(text.find("error four\n") != std::string::npos);
}

TEST_CASE("lines below the level are not written") {
  const InfoAfterwards restore;
  REQUIRE(set_log_level("warning"));
  const std::string text = stderr_of([] {
    log_info("hidden");
    log_warning("shown");
  });
  CHECK(text.find("hidden") == std::string::npos);
  CHECK(text.find("shown") != std::string::npos);
}

TEST_CASE("an unknown level is refused and changes nothing") {
  CHECK_FALSE(set_log_level("loud"));
  CHECK_FALSE(set_log_level(""));
  CHECK_FALSE(set_log_level("INFO "));
  const std::string text = stderr_of([] {
    log_debug("hidden");
    log_info("shown");
  });
  CHECK(text.find("hidden") == std::string::npos);
  CHECK(text.find("shown") != std::string::npos);
}

TEST_CASE("a value from outside cannot write a second line") {
  const std::string text = stderr_of(
      [] { log_info("name {}", std::string("a\n2026 error forged\x1b[2J")); });
  CHECK(text.find("name a\\x0a2026 error forged\\x1b[2J\n") !=
        std::string::npos);
}

TEST_CASE("a long value is cut: a line is 2 KiB at most, but for its head") {
  struct Row {
    std::string value;
    std::string end;
  };
  const Row rows[] = {{std::string(2043, 'a'), "aaa\n"},  // "name " and it fit
                      {std::string(1 << 20, 'a'), "aaa...\n"},
                      {std::string(1 << 20, '\n'), "\\x0a...\n"},
                      {std::string(1 << 20, '\x80'), "\x80...\n"}};
  for (const Row& row : rows) {
    const std::string text = stderr_of([&] { log_info("name {}", row.value); });
    CHECK(text.ends_with(row.end));
    CHECK(text.size() < 2048 + 64);
  }
  std::string euro;
  for (int i = 0; i < 2000; ++i) euro += "\xe2\x82\xac";
  const std::string text = stderr_of([&] { log_info("{}", euro); });
  CHECK(text.ends_with("\xe2\x82\xac...\n"));  // no part of a character
}

TEST_CASE("why a start failed is a line without head, behind those before it") {
  const std::string text = stderr_of([] {
    log_info("first");
    print_error("canopydns: no\nthing");
  });
  CHECK(text.ends_with("info first\ncanopydns: no\\x0athing\n"));
}

}  // namespace
}  // namespace canopy
