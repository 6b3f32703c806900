// Text from outside as log lines and errors show it: its beginning.  Names and
// values of Kubernetes objects may be as long as the object.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace canopy::kube {

inline constexpr std::size_t kMaxShown = 200;  // octets

// The text, or its first kMaxShown octets, "..." and how many there are.
inline std::string shown(std::string_view text) {
  if (text.size() <= kMaxShown) return std::string(text);
  return std::string(text.substr(0, kMaxShown)) + "... (" +
         std::to_string(text.size()) + " octets)";
}

}  // namespace canopy::kube
