// Text as Windows writes it (a byte order mark, UTF-16) as UTF-8.
//
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace canopy::kube {

inline constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

// True when `text` begins as UTF-16 with a byte order mark does.
bool is_utf16(std::string_view text);

// UTF-16 becomes UTF-8: half a surrogate pair becomes U+FFFD.  Byte order marks
// where a line begins are left out: files are put together from others.
std::string utf8_text(std::string text);

// Where the first control character is that no YAML holds; tabs and line breaks
// are none.
std::optional<std::size_t> find_control_character(std::string_view text);

}  // namespace canopy::kube
