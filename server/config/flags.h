// The table of flags.  --help prints it, and parse_command_line() uses it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/config/settings.h"

namespace canopy {

enum class FlagGroup : std::uint8_t {
  kSource,
  kListeners,
  kCluster,
  kForwarding,
  kOperation,
};

struct Flag {
  std::string_view name;         // without dashes
  std::string_view placeholder;  // empty: the flag is boolean
  std::string_view help;
  FlagGroup group;
  // Throws ConfigurationError with the text that follows the value.
  void (*set)(Settings&, const std::string& value);
  // Returns the default as text for --help; empty: --help shows none.
  std::string (*show)(const Settings&);
  std::string_view alias = {};
  bool repeatable = false;
};

// In the order of --help.
std::span<const Flag> flags();

// A flag of kube-dns's manifests that has no effect here.
struct KubeDnsFlag {
  std::string_view name;  // without dashes
  bool has_value = false;
  std::string_view why;  // completes "--federations is ignored: "
};

std::span<const KubeDnsFlag> kube_dns_flags();

}  // namespace canopy
