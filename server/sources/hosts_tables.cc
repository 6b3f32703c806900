#include "server/sources/hosts_tables.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "healthz/configuration_error.h"
#include "healthz/read_file.h"
#include "server/config/hosts_lines.h"

namespace canopy {
namespace {

// The domains that the directive serves.
std::vector<Name> domains_of(const ServerBlock& block) {
  if (!block.hosts->domains.empty()) return block.hosts->domains;
  std::vector<Name> domains;
  domains.reserve(block.keys.size());
  for (const ServerKey& key : block.keys) domains.push_back(key.domain);
  return domains;
}

// Appends a text on lines that were skipped.
void note_bad_lines(const std::string& where, const HostsLines& lines,
                    std::vector<std::string>& remarks) {
  if (lines.bad_lines == 0) return;
  const std::size_t others = lines.bad_lines - 1;
  std::string text = where + ", line " + std::to_string(lines.first_bad_line) +
                     ": ignored: not an IP address with valid names";
  if (others > 0) text += ", like " + std::to_string(others) + " further lines";
  remarks.push_back(std::move(text));
}

}  // namespace

SharedHosts HostsTables::table_of(const ServerBlock& block,
                                  std::vector<std::string>& warnings) {
  if (!block.hosts) return {};
  Kept& kept = kept_for(block);
  kept.is_used = true;
  read_file_of(kept, warnings);
  warnings.insert(warnings.end(), kept.remarks.begin(), kept.remarks.end());
  return kept.table;
}

void HostsTables::keep_used() {
  std::erase_if(kept_, [](const Kept& kept) { return !kept.is_used; });
  std::size_t names = 0;
  std::size_t broken = 0;
  std::size_t left_out = 0;
  for (Kept& kept : kept_) {
    names += kept.names;
    broken += kept.is_broken ? 1 : 0;
    left_out += kept.table->records_left_out();
    kept.is_used = false;
  }
  counts_.names = names;
  counts_.broken_files = broken;
  counts_.records_left_out = left_out;
}

HostsTables::Kept& HostsTables::kept_for(const ServerBlock& block) {
  std::vector<Name> domains = domains_of(block);
  const auto found = std::ranges::find_if(kept_, [&](const Kept& kept) {
    return kept.settings == *block.hosts && kept.domains == domains;
  });
  if (found != kept_.end()) return *found;
  return kept_.emplace_back(Kept{*block.hosts, std::move(domains), {}});
}

void HostsTables::read_file_of(Kept& kept, std::vector<std::string>& warnings) {
  const std::string& file = kept.settings.file;
  const FileText read = read_file(file, kMaxHostsFile);
  std::string fault = read.fault;
  if (read.ok() && kept.has_text && kept.text == read.text) {
    kept.is_broken = false;
    return;
  }
  try {
    if (read.ok()) make_table(kept, read.text, true);
  } catch (const ConfigurationError& error) {
    fault = error.what();
  }
  const bool is_optional = read.missing && file == HostsSettings().file;
  kept.is_broken = !fault.empty() && !is_optional;
  if (kept.is_broken) {
    warnings.push_back(file + ": " + fault +
                       (kept.has_text ? "; serving its last valid content"
                                      : "; serving none of its names"));
  }
  if (!kept.table) make_table(kept, {}, false);
}

void HostsTables::make_table(Kept& kept, const std::string& text,
                             bool has_text) {
  const HostsSettings& settings = kept.settings;
  const HostsLineRules rules{kept.domains, settings.ttl, settings.reverse};
  HostsLines lines = read_hosts_lines(text, rules);
  const HostsLines own = read_hosts_lines(settings.lines, rules);
  lines.records.append(own.records);
  kept.remarks.clear();
  note_bad_lines(settings.file, lines, kept.remarks);
  note_bad_lines("the Corefile's entries of " + settings.file, own,
                 kept.remarks);
  kept.names = lines.names + own.names;
  kept.table.table = std::make_shared<const HostsTable>(
      std::move(lines.records), HostsRules{kept.domains, settings.fall_through,
                                           settings.other_types_fall_through});
  kept.text = text;
  kept.has_text = has_text;
}

}  // namespace canopy
