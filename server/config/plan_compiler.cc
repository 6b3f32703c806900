#include "server/config/plan_compiler.h"

#include <utility>

namespace canopy {

std::shared_ptr<const Plan> compile(const ListenSettings& listen,
                                    std::vector<DomainUpstreams> upstreams) {
  Listener cache{.addresses = listen.addresses,
                 .port = listen.dns_port,
                 .port_flag = "--dns-port",
                 .blocks = {}};
  cache.blocks.reserve(upstreams.size());
  for (DomainUpstreams& of : upstreams) {
    cache.blocks.push_back({.domain = std::move(of.domain),
                            .cache = CacheRules{},
                            .upstreams = std::move(of.upstreams)});
  }
  Listener zone{.addresses = listen.addresses,
                .port = listen.zone_port,
                .port_flag = "--zone-port",
                .blocks = {Block{}}};
  return std::make_shared<const Plan>(std::move(cache), std::move(zone));
}

}  // namespace canopy
