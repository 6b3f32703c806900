// Values that are given as one of a fixed set of words.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "healthz/configuration_error.h"
#include "zones/record_options.h"

namespace canopy {

template <typename Value>
struct Choice {
  std::string_view word;
  Value value;
};

inline constexpr std::array kPodRecords = {
    Choice<PodRecords>{"disabled", PodRecords::kDisabled},
    Choice<PodRecords>{"insecure", PodRecords::kInsecure},
    Choice<PodRecords>{"verified", PodRecords::kVerified},
};

// Throws ConfigurationError with a text that follows the value.
template <typename Value, std::size_t kSize>
Value choice_value(std::string_view text,
                   const std::array<Choice<Value>, kSize>& choices) {
  std::string words;
  for (const auto& choice : choices) {
    if (text == choice.word) return choice.value;
    const bool is_last = &choice == &choices.back();
    words += is_last ? " or " : words.empty() ? "" : ", ";
    words += choice.word;
  }
  throw ConfigurationError("is not one of " + words);
}

template <typename Value, std::size_t kSize>
std::string choice_text(Value value,
                        const std::array<Choice<Value>, kSize>& choices) {
  const auto found = std::ranges::find(choices, value, &Choice<Value>::value);
  return std::string(found->word);
}

}  // namespace canopy
