#include "kubewatch/manifests/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <optional>

namespace canopy::kube {

namespace {

bool is_one_of(std::string_view text,
               std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<bool> truth(std::string_view text) {
  if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On",
                       "ON", "y", "Y"})) {
    return true;
  }
  if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off",
                       "Off", "OFF", "n", "N"})) {
    return false;
  }
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Returns the number base, and removes its prefix from `digits`.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char mark = digits[1];
  digits.remove_prefix(is_digit(mark) ? 1 : 2);
  if (mark == 'x' || mark == 'X') return 16;
  if (mark == 'b' || mark == 'B') return 2;
  return 8;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const int base = take_base(text);
  // from_chars() would accept a second sign.
  if (text.empty() || text[0] == '-') return std::nullopt;
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return is_negative ? -number : number;
}

// False when `text` is not a number.
bool append_number(std::string& out, std::string text) {
  const char first = text[0];
  if (!is_digit(first) && first != '+' && first != '-' && first != '.') {
    return false;
  }
  std::erase(text, '_');
  if (const auto whole = whole_number(text)) {
    out += std::to_string(*whole);
    return true;
  }
  const char* const begin = text.data() + (first == '+' ? 1 : 0);
  const char* const end = text.data() + text.size();
  double number = 0;
  const auto real = std::from_chars(begin, end, number);
  if (real.ec != std::errc() || real.ptr != end || !std::isfinite(number)) {
    return false;
  }
  char buffer[32];
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, number);
  out.append(buffer, written.ptr);
  return true;
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20) {
      out += "\\u00";
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_plain(std::string& out, const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) {
    out += "null";
  } else if (const auto value = truth(text)) {
    out += *value ? "true" : "false";
  } else if (!append_number(out, text)) {
    append_quoted(out, text);
  }
}

std::string plain_key(const std::string& text) {
  const auto value = truth(text);
  if (!value) return text;
  return *value ? "true" : "false";
}

}  // namespace canopy::kube
