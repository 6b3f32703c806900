// The table of flags: what --help prints and
// parse_command_line reads.
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
  std::string_view placeholder;  // empty: a boolean flag
  std::string_view help;
  FlagGroup group;
  // Throws ConfigurationError for the part after the value.
  void (*set)(Settings&, const std::string& value);
  // The value as text, for --help; empty: not worth a word.
  std::string (*show)(const Settings&);
  std::string_view alias = {};
  bool repeatable = false;
};

// In the order --help shows them.
std::span<const Flag> flags();

// A flag of kube-dns that its manifests carry and that means nothing here.
struct KubeDnsFlag {
  std::string_view name;  // without dashes
  bool has_value = false;
  std::string_view why;  // completes "--federations is ignored: "
};

std::span<const KubeDnsFlag> kube_dns_flags();

}  // namespace canopy
