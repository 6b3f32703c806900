// RapidJSON, set up once for all rooms: a wrong type in external JSON is an
// exception, never an abort.  Include this, not RapidJSON: with other macros
// its functions would be others, of the same names.
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

// Iterative: a text of 300,000 '[' must not take the stack with it.
inline constexpr unsigned kParseFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

// Writes one value, without white space, as Go's encoding/json does, which is
// what readers of kube-dns' pages know.  It appends to `out` at once and keeps
// nothing but how deep it is: `out` may be taken in pieces.
//
// Throws WrongType where JSON allows no such thing, such as a value without a
// key in an object.
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

  // Any octets: what is not UTF-8 becomes U+FFFD.  <, > and & are escaped: they
  // mean something in HTML.
  Writer& text(std::string_view text);
  // The shortest number that reads back the same, without an exponent:
  // 0.000481739.  REQUIRES: finite.
  Writer& number(double value);
  Writer& whole(std::uint64_t value);
  Writer& truth(bool value);
  // A value that is JSON already; white space may stand around it.
  Writer& raw(std::string_view json);

 private:
  // Where RapidJSON writes to.  The three characters stand in texts only.
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
