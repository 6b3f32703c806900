// A CoreDNS Corefile as settings (coredns.io/manual: Configuration).
#pragma once

#include <string>
#include <vector>

#include "healthz/environment.h"
#include "server/config/settings.h"

namespace canopy {

struct CorefileSettings {
  // Complete; to be used only if there are no faults.
  Settings settings;
  // One line each: file, line, directive, what is wrong and what to write.
  std::vector<std::string> faults;
};

// Reads the file flags.corefile and its imports.  `flags` are the settings of
// the command line alone; settings that no directive sets keep these values.
// Files that the Corefile names, such as /etc/resolv.conf, are not read.
CorefileSettings read_corefile(const Settings& flags,
                               const Environment& environment);

}  // namespace canopy
