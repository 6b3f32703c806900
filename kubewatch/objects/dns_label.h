// DNS labels (RFC 1123), which Kubernetes requires as names.  Pure; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace canopy::kube {

inline constexpr std::size_t kMaxDnsLabel = 63;  // octets

// True for letters, digits and '-', with no '-' at the start or end.  Capitals
// are allowed because DNS ignores case.
inline bool is_dns_label(std::string_view text) {
  const auto is_in_labels = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-';
  };
  return !text.empty() && text.size() <= kMaxDnsLabel && text.front() != '-' &&
         text.back() != '-' &&
         std::all_of(text.begin(), text.end(), is_in_labels);
}

}  // namespace canopy::kube
