// Shortens external text for log lines and errors.  Names and values of
// Kubernetes objects may be as long as the object.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace canopy::kube {

inline constexpr std::size_t kMaxShown = 200;  // octets

// The text, or its first kMaxShown octets followed by "..." and the total
// number of octets.
inline std::string shown(std::string_view text) {
  if (text.size() <= kMaxShown) return std::string(text);
  return std::string(text.substr(0, kMaxShown)) + "... (" +
         std::to_string(text.size()) + " octets)";
}

}  // namespace canopy::kube
