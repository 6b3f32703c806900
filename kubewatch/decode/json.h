// RapidJSON with assertions turned into exceptions, so that a wrong type in
// external JSON never aborts the process.  Include this, not RapidJSON.
#pragma once

#include <stdexcept>

namespace canopy::kube::json {
struct WrongType : std::logic_error {
  using std::logic_error::logic_error;
};
}  // namespace canopy::kube::json

#define RAPIDJSON_ASSERT(condition)                      \
  do {                                                   \
    if (!(condition)) {                                  \
      throw canopy::kube::json::WrongType("wrong type"); \
    }                                                    \
  } while (false)
#define RAPIDJSON_NOEXCEPT_ASSERT(condition) static_cast<void>(0)
#define RAPIDJSON_HAS_STDSTRING 1

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/filereadstream.h>
#include <rapidjson/reader.h>

namespace canopy::kube::json {

using Value = rapidjson::Value;

// The iterative parser: with a recursive one, 300,000 '[' would overflow the
// stack.
inline constexpr unsigned kParseFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

}  // namespace canopy::kube::json
