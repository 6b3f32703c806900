// Base64 (RFC 4648 4), by OpenSSL.  Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace canopy::kube {

// The limit on base64 text, in octets.  A kubeconfig has at most 2 MiB, and
// OpenSSL counts in int.
inline constexpr std::size_t kMaxBase64 = 16 << 20;

// REQUIRES: octets.size() < kMaxBase64.
std::string to_base64(std::string_view octets);
// Skips white space.  Nothing when an octet is outside the alphabet, the
// padding is wrong, or the text is longer than kMaxBase64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace canopy::kube
