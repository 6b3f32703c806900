// The directive hosts (coredns.io/plugins/hosts).
#include <algorithm>
#include <utility>

#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"
#include "server/config/corefile_zones.h"
#include "zones/rrset.h"

namespace canopy {
namespace {

constexpr NumberRange kHostsTtl{1, 65'535};  // as in CoreDNS

bool has_option(const CorefileLine& directive, std::string_view name) {
  return std::ranges::any_of(
      directive.block,
      [name](const CorefileLine& option) { return option.name() == name; });
}

void read_hosts_fallthrough(const CorefileLine& line,
                            CorefileReading& reading) {
  require_arguments(line, {0, kMostArguments});
  std::vector<Name> domains;
  if (line.words.size() == 1) domains.emplace_back();  // the root: all names
  for (const CorefileToken& word : arguments_of(line)) {
    for (Name& zone : value_of(word, zones_value)) domains.push_back(zone);
  }
  reading.block.hosts->fall_through = std::move(domains);
}

void read_hosts_ttl(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 1});
  reading.block.hosts->ttl =
      value_of(line.words[1], [](const std::string& text) {
        return static_cast<std::uint32_t>(number_value(text, kHostsTtl));
      });
}

// Any other line is one of a hosts file, up to `fallthrough`.  As in CoreDNS, a
// bad one does not prevent a start.
bool take_hosts_line(const CorefileLine& line, CorefileReading& reading) {
  HostsSettings& hosts = *reading.block.hosts;
  const std::string& first = line.name();
  if (!hosts.fall_through.empty()) {
    if (!ip_from_text(first.substr(0, first.find('%')))) return false;
    throw ConfigurationError("write addresses before fallthrough");
  }
  hosts.lines += first + ' ' + joined_arguments(line) + '\n';
  return true;
}

constexpr CorefileRow kHostsRows[] = {
    {.name = "fallthrough", .read = read_hosts_fallthrough},
    {.name = "fallthrough_unsupported",
     .read =
         [](const CorefileLine& line, CorefileReading& reading) {
           require_arguments(line, {0, 0});
           reading.block.hosts->other_types_fall_through = true;
         }},
    {.name = "no_reverse",
     .read =
         [](const CorefileLine& line, CorefileReading& reading) {
           require_arguments(line, {0, 0});
           reading.block.hosts->reverse = false;
         }},
    // The file is always watched, and changes are served at once.
    {.name = "reload", .read = accept_duration},
    {.name = "ttl", .read = read_hosts_ttl},
};

}  // namespace

const CorefileTable kHostsOptions{kHostsRows, take_hosts_line};

void read_hosts(const CorefileLine& line, CorefileReading& reading) {
  HostsSettings& hosts = reading.block.hosts.emplace();
  if (has_option(line, "fallthrough_unsupported") &&
      !has_option(line, "fallthrough")) {
    throw ConfigurationError(
        "fallthrough_unsupported has no effect without fallthrough; add "
        "fallthrough");
  }
  const auto words = arguments_of(line);
  if (words.empty()) return;
  hosts.file = words[0].text;
  for (const CorefileToken& word : words.subspan(1)) {
    for (Name& zone : value_of(word, zones_value)) {
      hosts.domains.push_back(zone);
    }
  }
}

}  // namespace canopy
