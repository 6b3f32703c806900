// Fields of an object's JSON, read so that a bad one costs no more than itself.
// Pure functions and values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "kubewatch/decode/json.h"
#include "zones/rrset.h"

namespace canopy::kube {

// Thrown by the functions below where a field is not as the API writes it.
// Never leaves decode_object().
struct Malformed {
  std::string why;  // "spec.clusterIP \"10.0.0\" is not an IP address"
};

// What of an object cannot be read and is left out.
class Flaws {
 public:
  // Runs `read`.  Where it throws, the rest of it is left out, and noted.
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
  // What `read` returns, or `otherwise` where it throws.
  template <typename T, typename Read>
  T value_or(T otherwise, const Read& read) {
    guard([&] { otherwise = read(); });
    return otherwise;
  }
  void note(std::string why);

  std::size_t count() const { return count_; }
  // The first one, and how many more there are; empty when there is none.
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

// Null when it is missing.
const json::Value* object_in(const json::Value& value, const char* name);
const json::Value* array_in(const json::Value& value, const char* name);
// Empty when it is missing.
std::string text_in(const json::Value& value, const char* name);
// Of what has a short one in every object that the API server takes: at most
// kMaxText octets.
std::string short_text_in(const json::Value& value, const char* name);
bool flag_in(const json::Value& value, const char* name, bool absent);
std::optional<std::uint16_t> port_in(const json::Value& value);

// --- These do not. ----------------------------------------------------------

// False for null pointers and for null.
bool is_set(const json::Value* value);
std::string_view view(const json::Value& value);

// Visits the mappings of the list `name`.  Where an item is none, or `visit`
// throws, that item is left out.
void for_each_object(const json::Value& value, const char* name, Flaws& flaws,
                     const std::function<void(const json::Value&)>& visit);

}  // namespace canopy::kube
