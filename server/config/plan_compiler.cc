#include "server/config/plan_compiler.h"

#include <utility>

namespace canopy {
namespace {

// The longest match wins, as in dnsmasq.
bool is_inside(const Name& domain, const Name& cluster_domain) {
  return domain.size() > cluster_domain.size() &&
         domain.view().is_subdomain_of(cluster_domain);
}

}  // namespace

std::shared_ptr<const Plan> compile(const ListenSettings& listen,
                                    std::vector<DomainUpstreams> upstreams,
                                    const Name& cluster_domain) {
  Listener cache{.tier = Tier::kCache,
                 .addresses = listen.addresses,
                 .port = listen.dns_port,
                 .set_by = "--dns-port"};
  cache.blocks.reserve(upstreams.size());
  for (DomainUpstreams& of : upstreams) {
    of.upstreams.domain = of.domain;
    cache.blocks.push_back(
        {.domain = of.domain,
         .serves_zones = !is_inside(of.domain, cluster_domain),
         .cache = CacheRules{},
         .upstreams = std::move(of.upstreams)});
  }
  Listener zone{.tier = Tier::kZone,
                .addresses = listen.addresses,
                .port = listen.zone_port,
                .set_by = "--zone-port",
                .blocks = {Block{}}};
  std::vector<Listener> listeners;
  listeners.push_back(std::move(cache));
  listeners.push_back(std::move(zone));
  return std::make_shared<const Plan>(std::move(listeners));
}

}  // namespace canopy
