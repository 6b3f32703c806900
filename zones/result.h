// A value or the reason there is none.  For the data path, where a bad
// packet is an everyday thing and must cost no more than a good one.
#pragma once

#include <utility>
#include <variant>

namespace canopy {

template <typename Value, typename Error>
class Result {
 public:
  Result() = default;  // a value as it is made
  Result(const Value& value) : held_(std::in_place_index<0>, value) {}
  Result(Value&& value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return held_.index() == 0; }
  Value& operator*() { return *std::get_if<0>(&held_); }
  const Value& operator*() const { return *std::get_if<0>(&held_); }
  const Value* operator->() const { return std::get_if<0>(&held_); }
  // In place of the value, which was begun and came to nothing.
  void fail(Error error) { held_.template emplace<1>(std::move(error)); }
  // REQUIRES: this holds no value.
  const Error& error() const { return *std::get_if<1>(&held_); }

 private:
  std::variant<Value, Error> held_;
};

}  // namespace canopy
