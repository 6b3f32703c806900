#include "server/report/kube_dns_metrics.h"

#include <algorithm>
#include <array>
#include <string>

#include "server/report/query_sums.h"

namespace canopy {

void write_dnsmasq_metrics(const Workers& workers, const AnswerCache& cache,
                           const CacheLimits& limits, MetricWriter& writer) {
  const auto write = [&](const MetricWriter::Family& family,
                         std::uint64_t count) {
    writer.counter(family, {}, static_cast<double>(count));
  };
  const AnswerCache::Totals totals = cache.totals();
  write({"kubedns_dnsmasq_hits",
         "canopydns_cache_hits_total by the name of kube-dns."},
        sum(workers, &QueryCounters::cache_hits));
  write({"kubedns_dnsmasq_misses",
         "canopydns_cache_misses_total by the name of kube-dns."},
        sum(workers, &QueryCounters::cache_misses));
  write({"kubedns_dnsmasq_evictions",
         "canopydns_cache_evictions_total by the name of kube-dns."},
        totals.evictions);
  write({"kubedns_dnsmasq_insertions",
         "canopydns_cache_insertions_total by the name of kube-dns."},
        totals.insertions);
  writer.gauge({"kubedns_dnsmasq_max_size",
                "canopydns_cache_capacity_entries by the name of kube-dns."},
               {}, static_cast<double>(limits.entries));
}

void write_sidecar_probes(const Health& health, MetricWriter& writer) {
  std::array<double, Health::kLatencyBounds.size()> milliseconds{};
  std::ranges::transform(Health::kLatencyBounds, milliseconds.begin(),
                         [](double seconds) { return seconds * 1000; });
  for (const Tier tier : {Tier::kCache, Tier::kZone}) {
    if (!health.has(tier)) continue;
    // The sidecar probes over UDP only.
    const Health::Totals totals = health.totals(tier, Transport::kUdp);
    const std::string name = std::string("kubedns_probe_") +
                             (tier == Tier::kCache ? "dnsmasq" : "kubedns");
    writer.counter(
        {name + "_errors", "canopydns_probes_total that failed, over UDP."}, {},
        static_cast<double>(totals.failed));
    writer.histogram(
        {name + "_latency_ms",
         "canopydns_probe_latency_seconds over UDP, in "
         "milliseconds."},
        {}, {milliseconds, totals.latencies, totals.latency_seconds * 1000});
  }
}

}  // namespace canopy
