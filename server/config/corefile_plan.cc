#include "server/config/corefile_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "healthz/configuration_error.h"
#include "server/config/template_plan.h"
#include "server/plan/rewrites.h"

namespace canopy {
namespace {

bool is_in(const Name& name, const Name& domain) {
  return name.view().is_subdomain_of(domain);
}

bool is_in_any(const Name& name, const std::vector<Name>& domains) {
  return std::ranges::any_of(
      domains, [&](const Name& domain) { return is_in(name, domain); });
}

// A server block on one listener, for one of its domains.
struct Part {
  const ServerBlock* of = nullptr;
  SharedHosts hosts;
  Name domain;
};

// The rules of a server block differ at these domains.
std::vector<Name> domains_with_rules(const ServerBlock& block) {
  std::vector<Name> domains;
  const auto add = [&](const std::vector<Name>& more) {
    domains.insert(domains.end(), more.begin(), more.end());
  };
  for (const ForwardRule& rule : block.forwards) {
    add({rule.from});
    add(rule.except);
  }
  if (!block.cache) return domains;
  add(block.cache->domains);
  add(block.cache->not_positive);
  add(block.cache->not_negative);
  return domains;
}

class Compiler {
 public:
  explicit Compiler(const ForwardFiles& files) : files_(files) {}

  // The blocks of a listener that has these parts.
  std::vector<Block> blocks_of(const std::vector<Part>& parts) const {
    std::vector<Block> blocks;
    std::map<const ServerBlock*, SharedRewrites> rewrites;
    const auto add = [&](const Name& domain, const Part& part) {
      blocks.push_back(block_for(domain, part));
      blocks.back().rewrites = rewrites.at(part.of);
    };
    for (const Part& part : parts) {
      if (!rewrites.contains(part.of)) {
        rewrites.emplace(part.of, rewrites_of(part));
      }
      for (const Name& domain : domains_with_rules(*part.of)) {
        if (holder_of(domain, parts) != &part) continue;
        if (domain == part.domain) continue;
        add(domain, part);
      }
      add(part.domain, part);
    }
    return blocks;
  }

 private:
  // The part with the longest domain that contains `domain`; null: none.
  static const Part* holder_of(const Name& domain,
                               const std::vector<Part>& parts) {
    const Part* holder = nullptr;
    for (const Part& part : parts) {
      if (!is_in(domain, part.domain)) continue;
      if (holder == nullptr || part.domain.size() > holder->domain.size()) {
        holder = &part;
      }
    }
    return holder;
  }

  // As in CoreDNS, rewritten queries stay in their server block, also for names
  // outside its domains.
  SharedRewrites rewrites_of(const Part& part) const {
    if (part.of->rewrites.empty()) return {};
    auto made = std::make_shared<Rewrites>();
    made->rules = part.of->rewrites;
    made->blocks.push_back(block_for(Name(), part));
    for (const Name& domain : domains_with_rules(*part.of)) {
      made->blocks.push_back(block_for(domain, part));
    }
    return {std::move(made)};
  }

  Block block_for(const Name& domain, const Part& part) const {
    return {.domain = domain,
            .serves_zones = part.of->serves_cluster,
            .hosts = part.hosts,
            .cache = cache_rules(domain, *part.of),
            .upstreams = upstreams_for(domain, part),
            .own = part.of->own,
            .templates = compile_templates(*part.of)};
  }

  static std::optional<CacheRules> cache_rules(const Name& domain,
                                               const ServerBlock& block) {
    const auto& cache = block.cache;
    if (!cache) return std::nullopt;
    if (!cache->domains.empty() && !is_in_any(domain, cache->domains)) {
      return std::nullopt;
    }
    CacheRules rules{cache->positive, cache->negative};
    if (is_in_any(domain, cache->not_positive)) rules.positive.reset();
    if (is_in_any(domain, cache->not_negative)) rules.negative.reset();
    return rules;
  }

  std::optional<UpstreamGroup> upstreams_for(const Name& domain,
                                             const Part& part) const {
    for (const ForwardRule& rule : part.of->forwards) {
      if (!is_in(domain, rule.from)) continue;
      if (is_in_any(domain, rule.except)) continue;
      return group_of(rule, part);
    }
    return std::nullopt;
  }

  UpstreamGroup group_of(const ForwardRule& rule, const Part& part) const {
    UpstreamGroup group{
        .why_none = "forward in " + rule.at + " has no usable server",
        .order = rule.order,
        .first_transport = rule.first_transport,
        .tls = tls_of(rule),
        .domain = is_in(rule.from, part.domain) ? rule.from : part.domain};
    for (const ForwardTarget& target : rule.to) {
      if (const auto* const server = std::get_if<SocketAddress>(&target)) {
        group.servers.push_back(*server);
        continue;
      }
      const FileServers& file =
          files_.servers.at(std::get<std::string>(target));
      group.servers.insert(group.servers.end(), file.servers.begin(),
                           file.servers.end());
      if (!file.why_none.empty()) group.why_none += ": " + file.why_none;
    }
    return group;
  }

  std::optional<TlsUpstream> tls_of(const ForwardRule& rule) const {
    if (!rule.tls) return std::nullopt;
    const auto text_of = [&](const std::string& file) {
      return file.empty() ? std::string() : files_.pem.at(file);
    };
    return TlsUpstream{.server_name = rule.tls->server_name,
                       .authorities = text_of(rule.tls->authorities),
                       .certificate = text_of(rule.tls->certificate),
                       .key = text_of(rule.tls->key)};
  }

  const ForwardFiles& files_;
};

// All parts that listen on one address and port.
struct Heard {
  std::optional<Address> address;  // nothing: all addresses
  std::uint16_t port = 53;
  std::vector<Part> parts{};
};

void add_part(std::vector<Heard>& all, std::optional<Address> address,
              std::uint16_t port, Part part) {
  auto found = std::ranges::find_if(all, [&](const Heard& heard) {
    return heard.address == address && heard.port == port;
  });
  if (found == all.end()) {
    all.push_back({address, port});
    found = all.end() - 1;
  }
  found->parts.push_back(std::move(part));
}

std::vector<Heard> heard_by_address(const std::vector<ServerBlock>& blocks,
                                    const std::vector<SharedHosts>& hosts) {
  std::vector<Heard> all;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const ServerBlock& block = blocks[i];
    for (const ServerKey& key : block.keys) {
      const Part part{&block, hosts.empty() ? SharedHosts() : hosts[i],
                      key.domain};
      if (block.bind.empty()) add_part(all, std::nullopt, key.port, part);
      for (const Address& address : block.bind) {
        add_part(all, address, key.port, part);
      }
    }
  }
  return all;
}

// Addresses with the same port and the same blocks are one listener.
void add_listener(std::vector<Listener>& listeners, Listener listener) {
  const auto same = std::ranges::find_if(listeners, [&](const Listener& other) {
    return other.port == listener.port && !other.addresses.empty() &&
           !listener.addresses.empty() && other.blocks == listener.blocks;
  });
  if (same == listeners.end()) {
    listeners.push_back(std::move(listener));
  } else {
    same->addresses.push_back(listener.addresses.front());
  }
}

bool serves_cluster(const Listener& listener) {
  return std::ranges::any_of(listener.blocks, &Block::serves_zones);
}

}  // namespace

std::shared_ptr<const Plan> compile_corefile(
    const std::vector<ServerBlock>& blocks, const ForwardFiles& files,
    const std::vector<SharedHosts>& hosts) {
  const Compiler compiler(files);
  std::vector<Listener> listeners;
  for (const Heard& heard : heard_by_address(blocks, hosts)) {
    Listener listener{.port = heard.port,
                      .set_by = heard.parts.front().of->at,
                      .blocks = compiler.blocks_of(heard.parts)};
    if (heard.address) listener.addresses = {*heard.address};
    add_listener(listeners, std::move(listener));
  }
  std::stable_partition(listeners.begin(), listeners.end(), serves_cluster);
  if (Plan::most_listeners_of(listeners) > Plan::kMostListeners) {
    throw ConfigurationError(
        "the Corefile has server blocks for more than " +
        std::to_string(Plan::kMostListeners) +
        " different ports, addresses and sets of rewrite rules; use fewer");
  }
  return std::make_shared<const Plan>(std::move(listeners));
}

}  // namespace canopy
