#include "server/report/coredns_metrics.h"

#include <map>
#include <string>
#include <utility>

#include "healthz/guarded.h"
#include "server/net/address.h"
#include "server/report/query_sums.h"

namespace canopy {
namespace {

using CorednsLabels = MetricWriter::Labels;

// The label `server` of a tier.  The counters are per tier: all addresses, and
// all ports of a Corefile's listeners, have the name of the first.
std::string server_of(const std::vector<SocketAddress>& tier) {
  return "dns://:" + std::to_string(tier.front().port());
}

// The labels of a tier's queries.  We do not count by zone, so the zone is the
// one that has them all.
CorednsLabels tier_labels(const std::vector<SocketAddress>& tier) {
  return {{"server", server_of(tier)}, {"zone", "."}, {"view", ""}};
}

CorednsLabels with(CorednsLabels labels, const char* name, std::string value) {
  labels.emplace_back(name, std::move(value));
  return labels;
}

void write_requests(const Workers& workers, std::size_t tier,
                    const CorednsLabels& labels, MetricWriter& writer) {
  for (std::size_t transport = 0; transport < kTransports; ++transport) {
    const CorednsLabels of_transport =
        with(labels, "proto", kTransportNames[transport]);
    for (std::size_t type = 0; type < kTypeNames.size(); ++type) {
      const std::uint64_t count =
          sum(workers, [&](const QueryCounters& counters) -> const Count& {
            return counters.queries[tier][transport][type];
          });
      writer.counter({"coredns_dns_requests_total",
                      "canopydns_dns_queries_total by CoreDNS's name."},
                     with(of_transport, "type", kTypeNames[type]),
                     static_cast<double>(count));
    }
  }
}

void write_responses(const Workers& workers, std::size_t tier,
                     const CorednsLabels& labels, MetricWriter& writer) {
  for (std::size_t rcode = 0; rcode < kRcodeNames.size(); ++rcode) {
    std::uint64_t count = 0;
    for (std::size_t transport = 0; transport < kTransports; ++transport) {
      count += sum(workers, [&](const QueryCounters& counters) -> const Count& {
        return counters.responses[tier][transport][rcode];
      });
    }
    writer.counter({"coredns_dns_responses_total",
                    "canopydns_dns_responses_total by CoreDNS's name."},
                   with(labels, "rcode", kRcodeNames[rcode]),
                   static_cast<double>(count));
  }
}

void write_request_times(const Workers& workers, std::size_t tier,
                         const CorednsLabels& labels, MetricWriter& writer) {
  const DurationSums durations = sum_durations(workers, tier);
  writer.histogram(
      {"coredns_dns_request_duration_seconds",
       "canopydns_dns_request_duration_seconds by CoreDNS's name."},
      labels, {kDurationBounds, durations.counts, durations.seconds});
}

// An upstream that serves several domains has one health for each.
std::map<std::string, std::uint64_t> failed_checks(
    const ForwardCounts& counts) {
  std::map<std::string, std::uint64_t> failed;
  for (const UpstreamReport& health : counts.health) {
    failed[to_text(health.server)] += health.failed_checks;
  }
  return failed;
}

void write_failed_checks(const ForwardCounts& counts, MetricWriter& writer) {
  constexpr std::string_view kHelp =
      "canopydns_upstream_healthcheck_failures_total by CoreDNS's name.";
  for (const auto& [to, count] : failed_checks(counts)) {
    writer.counter({"coredns_proxy_healthcheck_failures_total", kHelp},
                   {{"proxy_name", "forward"}, {"to", to}},
                   static_cast<double>(count));
    writer.counter({"coredns_forward_healthcheck_failures_total", kHelp},
                   {{"to", to}}, static_cast<double>(count));
  }
}

// The `coredns_forward_` names are those of CoreDNS before 1.11.
void write_answers(const UpstreamCounts& upstream, MetricWriter& writer) {
  constexpr std::string_view kHelp =
      "canopydns_upstream_request_duration_seconds by CoreDNS's name.";
  const std::string to = to_text(upstream.server);
  for (std::size_t rcode = 0; rcode < kRcodeNames.size(); ++rcode) {
    const AnswerTimesCounts& times = upstream.answers[rcode];
    if (times.answers() == 0) continue;
    const CorednsLabels labels = {{"to", to}, {"rcode", kRcodeNames[rcode]}};
    const MetricWriter::Distribution distribution{
        kDurationBounds, times.durations,
        static_cast<double>(times.nanoseconds) / 1e9};
    writer.histogram({"coredns_proxy_request_duration_seconds", kHelp},
                     with(labels, "proxy_name", "forward"), distribution);
    writer.histogram({"coredns_forward_request_duration_seconds", kHelp},
                     labels, distribution);
    writer.counter({"coredns_forward_responses_total", kHelp}, labels,
                   static_cast<double>(times.answers()));
  }
}

std::vector<std::string> servers_of(const ServerBlock& block,
                                    const ServerKey& key) {
  if (block.bind.empty()) return {"dns://:" + std::to_string(key.port)};
  std::vector<std::string> servers;
  servers.reserve(block.bind.size());
  for (const Address& address : block.bind) {
    servers.push_back("dns://" + to_text(SocketAddress(address, key.port)));
  }
  return servers;
}

void write_plugin(const ServerBlock& block, const char* name,
                  MetricWriter& writer) {
  for (const ServerKey& key : block.keys) {
    for (const std::string& server : servers_of(block, key)) {
      writer.gauge({"coredns_plugin_enabled",
                    "1 for a directive of a server block in the Corefile."},
                   {{"server", server},
                    {"zone", key.domain.to_text()},
                    {"view", ""},
                    {"name", name}},
                   1);
    }
  }
}

}  // namespace

void write_coredns_process_metrics(std::string_view version,
                                   MetricWriter& writer) {
  writer.gauge(
      {"coredns_build_info", "Always 1; the version is that of CanopyDNS."},
      {{"version", std::string(version)}}, 1);
  std::uint64_t caught = 0;
  for (const auto& [thread, count] : caught_exceptions()) caught += count;
  writer.counter(
      {"coredns_panics_total", "canopydns_exceptions_total, of all threads."},
      {}, static_cast<double>(caught));
}

void write_coredns_query_metrics(const Workers& workers, MetricWriter& writer) {
  const std::array tiers = {&workers.cache_tier(), &workers.zone_tier()};
  for (std::size_t tier = 0; tier < tiers.size(); ++tier) {
    if (tiers[tier]->empty()) continue;  // off
    const CorednsLabels labels = tier_labels(*tiers[tier]);
    write_requests(workers, tier, labels, writer);
    write_responses(workers, tier, labels, writer);
    write_request_times(workers, tier, labels, writer);
  }
}

void write_coredns_cache_metrics(const Workers& workers,
                                 const AnswerCache& cache,
                                 MetricWriter& writer) {
  const CorednsLabels labels = {{"server", server_of(workers.cache_tier())},
                                {"zones", "."},
                                {"view", ""}};
  const auto write = [&](const MetricWriter::Family& family,
                         std::uint64_t count) {
    writer.counter(family, labels, static_cast<double>(count));
  };
  const std::uint64_t hits = sum(workers, &QueryCounters::cache_hits);
  const std::uint64_t misses = sum(workers, &QueryCounters::cache_misses);
  write({"coredns_cache_hits_total",
         "canopydns_cache_hits_total by CoreDNS's name."},
        hits);
  write({"coredns_cache_misses_total",
         "canopydns_cache_misses_total by CoreDNS's name."},
        misses);
  write({"coredns_cache_requests_total", "Queries that asked the cache."},
        hits + misses);
  write({"coredns_cache_prefetch_total",
         "canopydns_cache_prefetch_total by CoreDNS's name."},
        sum(workers, &QueryCounters::cache_prefetches));
  write({"coredns_cache_served_stale_total",
         "canopydns_cache_served_stale_total by CoreDNS's name."},
        sum(workers, &QueryCounters::cache_stale));
  const AnswerCache::Totals totals = cache.totals();
  write({"coredns_cache_evictions_total",
         "canopydns_cache_evictions_total by CoreDNS's name."},
        totals.evictions);
  writer.gauge(
      {"coredns_cache_entries", "canopydns_cache_entries by CoreDNS's name."},
      labels, static_cast<double>(totals.entries));
}

void write_coredns_forward_metrics(const ForwardCounts& counts,
                                   MetricWriter& writer) {
  for (const UpstreamCounts& upstream : counts.upstreams) {
    writer.counter({"coredns_forward_requests_total",
                    "canopydns_upstream_requests_total by CoreDNS's name."},
                   {{"to", to_text(upstream.server)}},
                   static_cast<double>(upstream.asked));
    write_answers(upstream, writer);
  }
  write_failed_checks(counts, writer);
  writer.counter(
      {"coredns_forward_healthcheck_broken_total",
       "canopydns_forward_healthcheck_broken_total by CoreDNS's name."},
      {}, static_cast<double>(counts.all_down));
  writer.counter({"coredns_forward_max_concurrent_rejects_total",
                  "canopydns_forward_shed_total, for all reasons."},
                 {},
                 static_cast<double>(counts.over_share + counts.full +
                                     counts.same_question));
}

void write_coredns_reload_metrics(std::uint64_t failed, MetricWriter& writer) {
  writer.counter({"coredns_reload_failed_total",
                  "canopydns_reload_failures_total by CoreDNS's name."},
                 {}, static_cast<double>(failed));
}

void write_coredns_plugins(const std::vector<ServerBlock>& blocks,
                           MetricWriter& writer) {
  for (const ServerBlock& block : blocks) {
    if (!block.templates.empty()) write_plugin(block, "template", writer);
    if (block.hosts) write_plugin(block, "hosts", writer);
    if (block.serves_cluster) write_plugin(block, "kubernetes", writer);
    if (block.cache) write_plugin(block, "cache", writer);
    if (!block.rewrites.empty()) write_plugin(block, "rewrite", writer);
    if (!block.forwards.empty()) write_plugin(block, "forward", writer);
  }
}

}  // namespace canopy
