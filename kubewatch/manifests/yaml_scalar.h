// Converts YAML scalars to JSON.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace canopy::kube {

void append_quoted(std::string& out, std::string_view text);

// Appends a plain scalar, interpreted by YAML 1.1 as in kubectl: yes, on and y
// are true; 0x50, 0o120, 0120 and 8_0 are numbers.
void append_plain(std::string& out, const std::string& text);

// A plain key as kubectl writes it: a boolean becomes "true" or "false".
std::string plain_key(const std::string& text);

}  // namespace canopy::kube
