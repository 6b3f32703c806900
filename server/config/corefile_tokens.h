// Splits a CoreDNS Corefile into words by CoreDNS's rules (coredns.io/manual:
// Configuration).  Blanks separate words.  Words in double quotes may contain
// blanks and line breaks.  A comment starts with #.  {$NAME} and {%NAME%} are
// replaced by environment variables; an unset variable is empty.  A byte order
// mark, CRLF line ends and tabs are allowed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "healthz/configuration_error.h"
#include "healthz/environment.h"

namespace canopy {

// A place in a file, for error texts: "/etc/coredns/Corefile:5".
struct CorefilePlace {
  std::shared_ptr<const std::string> file;
  std::size_t line = 0;

  std::string text() const { return *file + ":" + std::to_string(line); }
};

struct CorefileToken {
  std::string text;
  CorefilePlace at;
  std::size_t last_line = 0;  // after `at` if a quoted word has line breaks
  bool quoted = false;        // a quoted brace is an ordinary word
  // True for the first word of an import and the first word after it.  Their
  // line numbers do not show that a line starts there.
  bool after_import = false;

  bool opens() const { return !quoted && text == "{"; }
  bool closes() const { return !quoted && text == "}"; }
};

// Throws ConfigurationError for a quote without end.
std::vector<CorefileToken> corefile_tokens(const std::string& file,
                                           std::string_view text,
                                           const Environment& environment);

// Returns an error with the text "FILE:LINE: what".
ConfigurationError corefile_error(const CorefilePlace& at,
                                  const std::string& what);

}  // namespace canopy
