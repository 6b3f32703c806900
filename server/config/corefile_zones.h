// Zones as a Corefile writes them: domains, and networks that stand for reverse
// zones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/server_block.h"
#include "zones/name.h"

namespace canopy {

// Parses "example.org", "example.org.", "." or a network such as 10.0.0.0/8.  A
// network gives one reverse zone, or several if its prefix does not end at a
// label: 10.0.0.0/15 gives 0.10.in-addr.arpa and 1.10.in-addr.arpa.  Throws
// ConfigurationError with a text that follows the value.
std::vector<Name> zones_value(std::string_view text);

// Parses the key of a server block: ZONE[:PORT] or dns://ZONE[:PORT].  Throws
// like zones_value().
std::vector<ServerKey> server_keys_value(std::string_view text,
                                         std::uint16_t default_port);

}  // namespace canopy
