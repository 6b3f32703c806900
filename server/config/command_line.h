// The command line: `canopydns [serve|check|version] [FLAGS]`.  Every flag can
// also be set by the environment variable CANOPYDNS_NAME_IN_CAPITALS; the flag
// wins.
#pragma once

#include <string>
#include <vector>

#include "healthz/environment.h"
#include "server/config/settings.h"

namespace canopy {

// `arguments` do not include the program's name.  Throws ConfigurationError.
Settings parse_command_line(
    const std::vector<std::string>& arguments,
    const Environment& environment = process_environment());

// Returns the text of --help.
std::string help_text();

}  // namespace canopy
