// Reads fields of an object's JSON so that a bad field does not affect others.
// Pure functions and values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "healthz/json.h"
#include "zones/rrset.h"

namespace canopy::kube {

// Thrown by the functions below when a field does not conform to the API. Never
// leaves decode_object().
struct Malformed {
  std::string why;  // "spec.clusterIP \"10.0.0\" is not an IP address"
};

// Collects the parts of an object that cannot be read and are left out.
class Flaws {
 public:
  // Runs `read`.  If `read` throws, the rest of its work is left out, and
  // noted.
  template <typename Read>
  void guard(const Read& read) {
    try {
      read();
    } catch (const Malformed& error) {
      note(error.why);
    } catch (const json::WrongType& error) {
      note(error.what());
    }
  }
  // The result of `read`, or `otherwise` if `read` throws.
  template <typename T, typename Read>
  T value_or(T otherwise, const Read& read) {
    guard([&] { otherwise = read(); });
    return otherwise;
  }
  void note(std::string why);

  std::size_t count() const { return count_; }
  // The first flaw and the number of others; empty when there is none.
  std::string text() const;

 private:
  std::string first_;
  std::size_t count_ = 0;
};

// --- These throw Malformed.  A null member counts as missing. --------------

[[noreturn]] void fail(std::string why);

// `where` names the field.
void check_label(std::string_view text, const char* where);
IpAddress checked_address(std::string_view text, const char* where);
IpAddress checked_address(const json::Value& text, const char* where);

// Null when the member is missing.
const json::Value* object_in(const json::Value& value, const char* name);
const json::Value* array_in(const json::Value& value, const char* name);
// Empty when the member is missing.
std::string text_in(const json::Value& value, const char* name);
// As text_in(), for members that the API server keeps short: at most kMaxText
// octets.
std::string short_text_in(const json::Value& value, const char* name);
bool flag_in(const json::Value& value, const char* name, bool absent);
std::optional<std::uint16_t> port_in(const json::Value& value);

// --- These do not throw Malformed. ------------------------------------------

// False for a null pointer and for a JSON null.
bool is_set(const json::Value* value);
std::string_view view(const json::Value& value);

// Visits the objects in the list `name`.  An item that is not an object is left
// out, and so is an item for which `visit` throws.
void for_each_object(const json::Value& value, const char* name, Flaws& flaws,
                     const std::function<void(const json::Value&)>& visit);

}  // namespace canopy::kube
