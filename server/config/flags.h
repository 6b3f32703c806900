// The table of flags.  --help prints it, and parse_command_line() uses it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/config/settings.h"

namespace canopy {

enum class FlagGroup : std::uint8_t {
  kCorefile,
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
  std::string_view alias = {};  // other names, separated by commas
  bool repeatable = false;
};

// In the order of --help.
std::span<const Flag> flags();

// A flag of kube-dns or CoreDNS that has no effect here.
struct IgnoredFlag {
  std::string_view name;  // without dashes
  bool has_value = false;
  std::string_view why;  // completes "--federations is ignored: "
};

std::span<const IgnoredFlag> ignored_flags();

// Returns what a Corefile has in place of this flag, for error texts; empty:
// the flag works with -conf too.
std::string_view corefile_counterpart(std::string_view flag);

}  // namespace canopy
