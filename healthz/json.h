// RapidJSON, configured once for all folders: a wrong type in external JSON
// throws an exception and never aborts.  Include this, not RapidJSON.  With
// other macros, functions of the same names would differ between files.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace canopy::json {
struct WrongType : std::logic_error {
  using std::logic_error::logic_error;
};
}  // namespace canopy::json

#define RAPIDJSON_ASSERT(condition)                  \
  do {                                               \
    if (!(condition)) {                              \
      throw ::canopy::json::WrongType("wrong type"); \
    }                                                \
  } while (false)
#define RAPIDJSON_NOEXCEPT_ASSERT(condition) static_cast<void>(0)
#define RAPIDJSON_HAS_STDSTRING 1

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/filereadstream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace canopy::json {

using Value = rapidjson::Value;

// The iterative parser: with a recursive one, 300,000 '[' would overflow the
// stack.
inline constexpr unsigned kParseFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

// Writes one value, without white space, in the format of Go's encoding/json
// that readers of kube-dns' pages expect.  Appends to `out` at once and stores
// only the depth; `out` may be taken in pieces.  Throws WrongType for invalid
// JSON, such as a value without a key in an object.
class Writer {
 public:
  explicit Writer(std::string& out) : out_{out}, writer_(out_) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& object();
  Writer& end_object();
  Writer& array();
  Writer& end_array();
  Writer& key(std::string_view name);

  // Takes any octets; invalid UTF-8 becomes U+FFFD.  Escapes <, > and &, which
  // have a meaning in HTML.
  Writer& text(std::string_view text);
  // Writes the shortest number that reads back the same, without an exponent:
  // 0.000481739.  REQUIRES: finite.
  Writer& number(double value);
  Writer& whole(std::uint64_t value);
  Writer& truth(bool value);
  // Writes a value that is already JSON; white space may surround it.
  Writer& raw(std::string_view json);

 private:
  // The output of RapidJSON.  The three characters occur only in texts.
  struct Output {
    using Ch = char;
    void Put(char c);
    void Flush() {}
    std::string& octets;
  };

  Output out_;
  rapidjson::Writer<Output> writer_;
};

}  // namespace canopy::json
