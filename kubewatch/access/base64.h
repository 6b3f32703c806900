// RFC 4648 4, by OpenSSL.  Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace canopy::kube {

// Octets of base64 text.  A kubeconfig has at most 2 MiB; OpenSSL counts in
// int.
inline constexpr std::size_t kMaxBase64 = 16 << 20;

// REQUIRES: octets.size() < kMaxBase64.
std::string to_base64(std::string_view octets);
// White space is skipped.  Nothing when another octet is outside the alphabet,
// the padding is wrong, or the text is longer than kMaxBase64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace canopy::kube
