#include "healthz/json_text.h"

#include <doctest/doctest.h>

#include <string>

namespace canopy {
namespace {

TEST_CASE("strings are escaped as Go does") {
  CHECK(json_string("") == R"("")");
  CHECK(json_string(R"(no "1.1.0" in a\b)") == R"("no \"1.1.0\" in a\\b")");
  CHECK(json_string("a->b&c<d") == R"("a-\u003eb\u0026c\u003cd")");
  CHECK(json_string(std::string("\x01\n\x7f\0", 4)) ==
        R"("\u0001\n\u007f\u0000")");
  CHECK(json_string("\xc3\xa4") == R"("\ufffd\ufffd")");
}

TEST_CASE("numbers are the shortest that read back") {
  CHECK(json_number(0) == "0");
  CHECK(json_number(481739 / 1e9) == "0.000481739");
  CHECK(json_number(1.5) == "1.5");
  CHECK(json_number(30) == "30");
}

}  // namespace
}  // namespace canopy
