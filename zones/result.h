// A value, or the reason why there is none.  For the data path, where bad
// packets are normal and must not cost more than good ones.
#pragma once

#include <utility>
#include <variant>

namespace canopy {

template <typename Value, typename Error>
class Result {
 public:
  Result() = default;  // a default-constructed value
  Result(const Value& value) : held_(std::in_place_index<0>, value) {}
  Result(Value&& value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return held_.index() == 0; }
  Value& operator*() { return *std::get_if<0>(&held_); }
  const Value& operator*() const { return *std::get_if<0>(&held_); }
  const Value* operator->() const { return std::get_if<0>(&held_); }
  // Replaces the value, whose construction failed, with `error`.
  void fail(Error error) { held_.template emplace<1>(std::move(error)); }
  // REQUIRES: this holds no value.
  const Error& error() const { return *std::get_if<1>(&held_); }

 private:
  std::variant<Value, Error> held_;
};

}  // namespace canopy
