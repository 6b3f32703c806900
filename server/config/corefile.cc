#include "server/config/corefile.h"

#include <algorithm>
#include <set>
#include <utility>

#include "server/config/corefile_directives.h"
#include "server/config/corefile_zones.h"
#include "server/config/text_values.h"

namespace canopy {
namespace {

// Bounds the work to compare all keys.
constexpr std::size_t kMostKeys = 2'000;
// A stopping process always gets this long to answer pending queries.
constexpr std::chrono::seconds kLastAnswers{2};

// As in CoreDNS, the * stands for itself.
void remark_on_wildcard(const CorefileToken& key, CorefileReading& reading) {
  if (!key.text.starts_with("*.")) return;
  reading.settings.remarks.push_back(
      key.at.text() + ": key \"" + key.text +
      "\" only contains names below a label *; write " + key.text.substr(2) +
      " for all names below it");
}

void read_key(const CorefileToken& key, CorefileReading& reading) {
  if (++reading.keys > kMostKeys) {
    throw corefile_error(key.at, "more than " + std::to_string(kMostKeys) +
                                     " keys; leave some out");
  }
  remark_on_wildcard(key, reading);
  try {
    for (const ServerKey& one :
         server_keys_value(key.text, reading.settings.listen.dns_port)) {
      reading.block.keys.push_back(one);
    }
  } catch (const ConfigurationError& error) {
    reading.faults.push_back(key.at.text() + ": key \"" + key.text + "\" " +
                             error.what());
  }
}

void read_server(const CorefileServer& server, CorefileReading& reading) {
  reading.block = {.at = server.keys.front().at.text()};
  reading.seen.clear();
  for (const CorefileToken& key : server.keys) read_key(key, reading);
  read_lines(server.directives, kDirectives, "", reading);
  reading.settings.blocks.push_back(std::move(reading.block));
}

bool contains(const std::vector<Name>& domains, const Name& name) {
  return std::ranges::any_of(domains, [&](const Name& domain) {
    return name.view().is_subdomain_of(domain);
  });
}

// True if some address is in both.  Wildcards are compared like CoreDNS does:
// no `bind` contains all addresses.
bool share_address(const ServerBlock& a, const ServerBlock& b) {
  return a.bind.empty() || b.bind.empty() ||
         std::ranges::any_of(a.bind, [&](const Address& address) {
           return std::ranges::count(b.bind, address) > 0;
         });
}

std::string key_text(const ServerKey& key) {
  return domain_text(key.domain) + ":" + std::to_string(key.port);
}

// Adds a fault for each key of `block` that an earlier one has too.
void refuse_key_twice(const std::vector<ServerBlock>& blocks,
                      std::size_t number, std::vector<std::string>& faults) {
  const ServerBlock& block = blocks[number];
  for (std::size_t i = 0; i < block.keys.size(); ++i) {
    const auto in_block = block.keys.begin() + static_cast<std::ptrdiff_t>(i);
    const bool twice =
        std::find(block.keys.begin(), in_block, *in_block) != in_block;
    const auto earlier = std::find_if(
        blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(number),
        [&](const ServerBlock& other) {
          return share_address(block, other) &&
                 std::ranges::count(other.keys, *in_block) > 0;
        });
    if (earlier == blocks.begin() + static_cast<std::ptrdiff_t>(number) &&
        !twice) {
      continue;
    }
    faults.push_back(block.at + ": key \"" + key_text(*in_block) +
                     "\" is already at " + (twice ? block.at : earlier->at) +
                     "; merge the server blocks, or give them different "
                     "addresses with bind");
  }
}

// CoreDNS's `cache` also covers the answers of `kubernetes`.  Ours come from
// memory, so only the TTLs that clients see have to be capped.
void cap_cluster_ttls(const ServerBlock& block, RecordOptions& records) {
  if (!block.serves_cluster || !block.cache) return;
  std::vector<Name> domains = block.cache->domains;
  if (domains.empty()) {
    for (const ServerKey& key : block.keys) domains.push_back(key.domain);
  }
  if (!contains(domains, records.domain)) return;
  if (!contains(block.cache->not_positive, records.domain)) {
    records.ttl = std::min(records.ttl, block.cache->positive.most);
  }
  if (!contains(block.cache->not_negative, records.domain)) {
    records.negative_ttl =
        std::min(records.negative_ttl, block.cache->negative.most);
  }
}

// The same for the directive hosts: CoreDNS's `cache` caps its TTLs too.
void cap_hosts_ttl(ServerBlock& block) {
  if (!block.hosts || !block.cache) return;
  const CacheSettings& cache = *block.cache;
  const bool caps_all =
      std::ranges::all_of(block.keys, [&cache](const ServerKey& key) {
        return (cache.domains.empty() || contains(cache.domains, key.domain)) &&
               !contains(cache.not_positive, key.domain);
      });
  if (caps_all)
    block.hosts->ttl = std::min(block.hosts->ttl, cache.positive.most);
}

void finish(CorefileReading& reading) {
  Settings& settings = reading.settings;
  if (settings.blocks.empty()) {
    reading.faults.push_back(settings.corefile +
                             ": has no server block; write one that starts "
                             "with a key such as .:53");
  }
  for (std::size_t i = 0; i < settings.blocks.size(); ++i) {
    refuse_key_twice(settings.blocks, i, reading.faults);
    cap_cluster_ttls(settings.blocks[i], settings.records);
    cap_hosts_ttl(settings.blocks[i]);
  }
  settings.cache.entries =
      std::max(settings.cache.entries, reading.cache_entries);
  if (reading.lameduck) {
    settings.drain.quiet = *reading.lameduck;
    settings.drain.grace =
        std::max(settings.drain.grace, settings.drain.quiet + kLastAnswers);
  }
  complete(settings);
}

// A snippet that is imported several times repeats its faults.
std::vector<std::string> without_repeats(
    const std::vector<std::string>& faults) {
  std::vector<std::string> kept;
  std::set<std::string_view> seen;
  kept.reserve(faults.size());
  for (const std::string& fault : faults) {
    if (seen.insert(fault).second) kept.push_back(fault);
  }
  return kept;
}

// All queries go through the server blocks.
Settings without_flags_tiers(const Settings& flags) {
  Settings settings = flags;
  settings.serves_cluster = false;
  settings.reloads = false;
  settings.listen.zone_port = std::nullopt;
  settings.records.reverse_zones.clear();
  return settings;
}

}  // namespace

CorefileSettings read_corefile(const Settings& flags,
                               const Environment& environment) {
  CorefileSettings result{without_flags_tiers(flags), {}};
  CorefileReading reading{.settings = result.settings};
  reading.flags_set_source = !flags.source.manifests.empty() ||
                             !flags.source.kubeconfig.empty() ||
                             !flags.source.kube_master_url.empty();
  try {
    Corefile corefile = parse_corefile(flags.corefile, environment);
    for (std::string& remark : corefile.remarks) {
      result.settings.remarks.push_back(std::move(remark));
    }
    for (const CorefileServer& server : corefile.servers) {
      read_server(server, reading);
    }
    finish(reading);
  } catch (const ConfigurationError& error) {
    reading.faults.emplace_back(error.what());
  }
  result.faults = without_repeats(reading.faults);
  return result;
}

}  // namespace canopy
