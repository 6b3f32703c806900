#include "kubewatch/decode/text_encoding.h"

#include <cstdint>

namespace canopy::kube {

namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t octet) {
    out += static_cast<char>(octet);
  };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

bool is_high(std::uint32_t unit) { return (unit & 0xfc00) == 0xd800; }
bool is_low(std::uint32_t unit) { return (unit & 0xfc00) == 0xdc00; }

std::string from_utf16(std::string_view text) {
  const bool is_big = text.front() == '\xfe';
  const auto unit = [&](std::size_t at) -> std::uint32_t {
    if (at + 1 >= text.size()) return 0;
    const auto first = static_cast<unsigned char>(text[at]);
    const auto second = static_cast<unsigned char>(text[at + 1]);
    return is_big ? first << 8 | second : second << 8 | first;
  };
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t at = 2; at < text.size(); at += 2) {
    std::uint32_t code = unit(at);
    if (is_high(code) && is_low(unit(at + 2))) {
      code = 0x10000 + ((code & 0x3ff) << 10) + (unit(at + 2) & 0x3ff);
      at += 2;
    } else if (is_high(code) || is_low(code)) {
      code = 0xfffd;
    }
    append_utf8(out, code);
  }
  return out;
}

}  // namespace

bool is_utf16(std::string_view text) {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

std::string utf8_text(std::string text) {
  if (is_utf16(text)) text = from_utf16(text);
  for (std::size_t at = text.find(kUtf8Mark); at != text.npos;
       at = text.find(kUtf8Mark, at)) {
    if (at == 0 || text[at - 1] == '\n') {
      text.erase(at, kUtf8Mark.size());
    } else {
      at += kUtf8Mark.size();
    }
  }
  return text;
}

std::optional<std::size_t> find_control_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto octet = static_cast<unsigned char>(text[at]);
    if (octet >= 0x20 && octet != 0x7f) continue;
    if (octet != '\t' && octet != '\n' && octet != '\r') return at;
  }
  return std::nullopt;
}

}  // namespace canopy::kube
