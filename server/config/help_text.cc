// The text of --help, made from the table of flags.
#include <string>

#include "server/config/command_line.h"
#include "server/config/flags.h"

namespace canopy {
namespace {

std::string_view title_of(FlagGroup group) {
  switch (group) {
    case FlagGroup::kCorefile:
      return "In place of CoreDNS (-conf, -dns.port, -p, -plugins as there)";
    case FlagGroup::kSource:
      return "Where records come from (default: the cluster this runs in)";
    case FlagGroup::kListeners:
      return "Listeners";
    case FlagGroup::kCluster:
      return "Cluster records";
    case FlagGroup::kForwarding:
      return "Forwarding and cache";
    case FlagGroup::kOperation:
      return "Operation";
  }
  return "";
}

std::string line_of(const Flag& flag) {
  constexpr std::size_t kHelpColumn = 30;
  std::string line = "  --" + std::string(flag.name);
  if (!flag.placeholder.empty()) line += "=" + std::string(flag.placeholder);
  line.resize(std::max(line.size() + 1, kHelpColumn), ' ');
  line += flag.help;
  const std::string usual = flag.show(Settings());
  if (!usual.empty()) line += " [" + usual + "]";
  return line + "\n";
}

}  // namespace

std::string help_text() {
  std::string text =
      "canopydns: DNS for a Kubernetes cluster\n\n"
      "  canopydns [serve] [FLAGS]   answer queries\n"
      "  canopydns check [FLAGS]     check flags and files, and exit\n"
      "  canopydns version           print the version\n";
  const Flag* before = nullptr;
  for (const Flag& flag : flags()) {
    if (before == nullptr || before->group != flag.group) {
      text += "\n" + std::string(title_of(flag.group)) + ":\n";
    }
    text += line_of(flag);
    before = &flag;
  }
  return text +
         "\nEach flag can also be set by an environment variable, such as "
         "CANOPYDNS_DNS_PORT\nfor --dns-port; the flag wins. SIGHUP re-reads "
         "files, SIGTERM drains.\n";
}

}  // namespace canopy
