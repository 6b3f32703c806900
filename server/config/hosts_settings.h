// CoreDNS's directive `hosts` as settings.  Plain values; the contents of the
// file are not included.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zones/name.h"

namespace canopy {

struct HostsSettings {
  std::string file = "/etc/hosts";
  std::vector<Name> domains{};  // empty: those of the server block
  std::string lines{};          // of the Corefile, as in a hosts file
  std::uint32_t ttl = 3600;     // seconds
  bool reverse = true;          // also PTR records
  // Names below these domains that are in no line go to the next step.  Empty:
  // they are not served.
  std::vector<Name> fall_through{};
  // True when questions for other types than A, AAAA and PTR fall through too.
  bool other_types_fall_through = false;

  friend bool operator==(const HostsSettings&, const HostsSettings&) = default;
};

}  // namespace canopy
