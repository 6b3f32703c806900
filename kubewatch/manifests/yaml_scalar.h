// Scalars of YAML as JSON.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace canopy::kube {

void append_quoted(std::string& out, std::string_view text);

// A scalar without quotes, read as kubectl reads it, by YAML 1.1: yes, on and y
// are true; 0x50, 0o120, 0120 and 8_0 are numbers.
void append_plain(std::string& out, const std::string& text);

// The key as kubectl writes it: a truth value is "true" or "false".
std::string plain_key(const std::string& text);

}  // namespace canopy::kube
