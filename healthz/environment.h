// The process's environment variables, or a test's.
#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

namespace canopy {

// The value of a variable: nothing when it is not set.
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
