// Converts text files from Windows (byte order mark, UTF-16) to UTF-8.
//
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace canopy::kube {

inline constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

// True when `text` begins with a byte order mark of UTF-16.
bool is_utf16(std::string_view text);

// Converts UTF-16 to UTF-8; half a surrogate pair becomes U+FFFD.  Removes byte
// order marks at line starts, which remain when files are concatenated.
std::string utf8_text(std::string text);

// The position of the first control character that YAML does not allow.  YAML
// allows tabs and line breaks.
std::optional<std::size_t> find_control_character(std::string_view text);

}  // namespace canopy::kube
