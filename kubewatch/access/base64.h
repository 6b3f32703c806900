// RFC 4648 4.  Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace canopy::kube {

std::string to_base64(std::string_view octets);
// White space is skipped; nothing when the text is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace canopy::kube
