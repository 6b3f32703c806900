// The lines of a hosts file (hosts(5)), as CoreDNS reads them, as records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zones/name.h"
#include "zones/record_list.h"

namespace canopy {

// The most names of one hosts file or of one directive; about 50 MiB of memory
// while the table is made.
inline constexpr std::size_t kMostHostsNames = 200'000;

struct HostsLineRules {
  std::vector<Name> domains{};  // names elsewhere are dropped; empty: none are
  std::uint32_t ttl = 3600;     // seconds
  bool reverse = true;          // also PTR records, but none for wildcards
};

struct HostsLines {
  RecordList records;     // A, AAAA and PTR
  std::size_t names = 0;  // names, with each of their addresses
  // Lines that are neither empty nor an IP address with names.  As in CoreDNS,
  // they do not prevent the others from being served.
  std::size_t bad_lines = 0;
  std::size_t first_bad_line = 0;  // from 1
};

// Throws ConfigurationError for more than kMostHostsNames names; the text
// follows the name of the file.
HostsLines read_hosts_lines(std::string_view text, const HostsLineRules& rules);

}  // namespace canopy
