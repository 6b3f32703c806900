// The process's environment variables, or those of a test.
#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

namespace canopy {

// Returns the value of a variable, or nothing when it is not set.
using Environment =
    std::function<std::optional<std::string>(const std::string& name)>;

inline Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

}  // namespace canopy
