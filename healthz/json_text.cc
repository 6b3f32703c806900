#include "healthz/json_text.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <iterator>

namespace canopy {
namespace {

// Go escapes the three that mean something in HTML, too.
bool needs_number(unsigned char c) {
  return c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&';
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\n') {
      json += "\\n";
    } else if (octet >= 0x80) {
      json += "\\ufffd";
    } else if (needs_number(octet)) {
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", octet);
    } else {
      json += c;
    }
  }
  json += '"';
  return json;
}

std::string json_number(double value) {
  std::array<char, 400> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value,
                                 std::chars_format::fixed);
  return {digits.begin(), end.ptr};
}

}  // namespace canopy
