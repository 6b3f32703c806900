// The structure of a CoreDNS Corefile: server blocks, directives and options.
// Imports and snippets are replaced by their contents.  The meaning of
// directives is not checked here.
#pragma once

#include <string>
#include <vector>

#include "healthz/environment.h"
#include "server/config/corefile_tokens.h"

namespace canopy {

// A directive or an option.
struct CorefileLine {
  std::vector<CorefileToken> words;  // the name, then the arguments
  std::vector<CorefileLine> block;   // the lines between { and }

  const std::string& name() const { return words.front().text; }
  const CorefilePlace& at() const { return words.front().at; }
};

struct CorefileServer {
  std::vector<CorefileToken> keys;  // "example.org:53", ".", "10.0.0.0/8"
  std::vector<CorefileLine> directives;
};

struct Corefile {
  std::vector<CorefileServer> servers;
  std::vector<std::string> remarks;  // notes for the operator
};

// Reads the file and its imports.  Throws ConfigurationError with file, line
// and what to do.
Corefile parse_corefile(const std::string& path,
                        const Environment& environment);

}  // namespace canopy
