#include "healthz/json.h"

#include <array>
#include <charconv>

namespace canopy::json {
namespace {

rapidjson::SizeType size_of(std::string_view text) {
  return static_cast<rapidjson::SizeType>(text.size());
}

// `text` with U+FFFD for each octet that is not part of a valid character.
std::string as_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  while (!text.empty()) {
    rapidjson::MemoryStream in(text.data(), text.size());
    unsigned character = 0;
    const bool is_valid = rapidjson::UTF8<>::Decode(in, &character);
    const std::size_t size = is_valid ? in.Tell() : 1;
    repaired += is_valid ? text.substr(0, size) : "\ufffd";
    text.remove_prefix(size);
  }
  return repaired;
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

}  // namespace

void Writer::Output::Put(char c) {
  switch (c) {
    case '<':
      octets += "\\u003c";
      break;
    case '>':
      octets += "\\u003e";
      break;
    case '&':
      octets += "\\u0026";
      break;
    default:
      octets += c;
  }
}

Writer& Writer::object() {
  writer_.StartObject();
  return *this;
}

Writer& Writer::end_object() {
  writer_.EndObject();
  return *this;
}

Writer& Writer::array() {
  writer_.StartArray();
  return *this;
}

Writer& Writer::end_array() {
  writer_.EndArray();
  return *this;
}

Writer& Writer::key(std::string_view name) {
  writer_.Key(name.data(), size_of(name));
  return *this;
}

Writer& Writer::text(std::string_view text) {
  if (text.empty()) {
    writer_.String("", 0);
  } else if (is_ascii(text)) {
    writer_.String(text.data(), size_of(text));
  } else {
    writer_.String(as_utf8(text));
  }
  return *this;
}

Writer& Writer::number(double value) {
  std::array<char, 400> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value,
                                 std::chars_format::fixed);
  writer_.RawValue(digits.data(),
                   static_cast<std::size_t>(end.ptr - digits.data()),
                   rapidjson::kNumberType);
  return *this;
}

Writer& Writer::whole(std::uint64_t value) {
  writer_.Uint64(value);
  return *this;
}

Writer& Writer::truth(bool value) {
  writer_.Bool(value);
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}

}  // namespace canopy::json
