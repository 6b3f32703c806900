#include "kubewatch/access/base64.h"

#include <cstdint>

namespace canopy::kube {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

std::string to_base64(std::string_view octets) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : octets) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) {
      text += kAlphabet[bits >> (held - 6) & 63];
    }
  }
  if (held > 0) text += kAlphabet[bits << (6 - held) & 63];
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string octets;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t size = 0;
  bool padded = false;
  for (const char c : text) {
    if (is_space(c)) continue;
    ++size;
    if (c == '=') {
      padded = true;
      continue;
    }
    const std::size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos || padded) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      octets += static_cast<char>(bits >> held & 0xff);
    }
  }
  if (size % 4 != 0) return std::nullopt;
  return octets;
}

}  // namespace canopy::kube
