#include "server/report/query_metrics.h"

#include "server/report/query_sums.h"

namespace canopy {
namespace {

using MetricLabels = MetricWriter::Labels;

void write_traffic(const Workers& workers, MetricWriter& writer) {
  for (std::size_t tier = 0; tier < kTiers; ++tier) {
    for (std::size_t transport = 0; transport < kTransports; ++transport) {
      const auto write = [&](const MetricWriter::Family& family,
                             const char* label, const char* name,
                             std::uint64_t count) {
        writer.counter(family,
                       {{"tier", kTierNames[tier]},
                        {"protocol", kTransportNames[transport]},
                        {label, name}},
                       static_cast<double>(count));
      };
      for (std::size_t type = 0; type < kTypeNames.size(); ++type) {
        write({"canopydns_dns_queries_total", "Queries that were understood."},
              "type", kTypeNames[type],
              sum(workers, [&](const QueryCounters& counters) -> const Count& {
                return counters.queries[tier][transport][type];
              }));
      }
      for (std::size_t rcode = 0; rcode < kRcodeNames.size(); ++rcode) {
        write({"canopydns_dns_responses_total", "Responses sent."}, "rcode",
              kRcodeNames[rcode],
              sum(workers, [&](const QueryCounters& counters) -> const Count& {
                return counters.responses[tier][transport][rcode];
              }));
      }
    }
  }
}

void write_durations(const Workers& workers, MetricWriter& writer) {
  for (std::size_t tier = 0; tier < kTiers; ++tier) {
    const DurationSums durations = sum_durations(workers, tier);
    writer.histogram({"canopydns_dns_request_duration_seconds",
                      "From reading a query to sending its response."},
                     {{"tier", kTierNames[tier]}},
                     {kDurationBounds, durations.counts, durations.seconds});
  }
}

struct Scalar {
  MetricWriter::Family family;
  MetricLabels labels;
  Count QueryCounters::*count;
};

void write_scalars(const Workers& workers, MetricWriter& writer) {
  const MetricWriter::Family dropped{
      "canopydns_dns_dropped_total",
      "Messages not answered, or answers not sent, by reason."};
  const MetricWriter::Family shed{
      "canopydns_tcp_shed_total",
      "TCP connections closed because the memory budget was used up."};
  const std::vector<Scalar> scalars = {
      {{"canopydns_cache_hits_total", "Queries answered from the cache."},
       {},
       &QueryCounters::cache_hits},
      {{"canopydns_cache_misses_total", "Queries the cache could not answer."},
       {},
       &QueryCounters::cache_misses},
      {{"canopydns_cache_outdated_total",
        "Cached answers found older than the published zone."},
       {},
       &QueryCounters::cache_outdated},
      {{"canopydns_cache_served_stale_total",
        "Expired answers served because no upstream answered (RFC 8767)."},
       {},
       &QueryCounters::cache_stale},
      {{"canopydns_cache_failures_total",
        "Queries answered with a cached failure (RFC 9520)."},
       {},
       &QueryCounters::cache_failures},
      {{"canopydns_cache_prefetch_total",
        "Popular answers fetched again before they expired."},
       {},
       &QueryCounters::cache_prefetches},
      {{"canopydns_template_answers_total", "Answers made by templates."},
       {},
       &QueryCounters::template_answers},
      {{"canopydns_template_failures_total",
        "Queries answered SERVFAIL because of a template."},
       {},
       &QueryCounters::template_failures},
      {dropped, {{"reason", "not_a_query"}}, &QueryCounters::dropped},
      {dropped, {{"reason", "send_failed"}}, &QueryCounters::send_failures},
      {{"canopydns_dns_malformed_total", "Queries answered FORMERR."},
       {},
       &QueryCounters::malformed},
      {{"canopydns_dns_truncated_total", "Responses sent with TC."},
       {},
       &QueryCounters::truncated},
      {{"canopydns_dns_oversized_total",
        "Answers above 65,535 octets, of which a random subset was sent."},
       {},
       &QueryCounters::oversized},
      {{"canopydns_client_turned_away_total", "Queries above --client-qps."},
       {},
       &QueryCounters::turned_away},
      {{"canopydns_tcp_connections_total", "TCP connections accepted."},
       {},
       &QueryCounters::tcp_connections},
      {{"canopydns_tcp_refused_total",
        "TCP connections closed because there were too many."},
       {{"reason", "client_share"}},
       &QueryCounters::tcp_over_share},
      {{"canopydns_tcp_refused_total",
        "TCP connections closed because there were too many."},
       {{"reason", "full"}},
       &QueryCounters::tcp_full},
      {{"canopydns_tcp_idle_closed_total", "TCP connections closed as idle."},
       {},
       &QueryCounters::tcp_idle_closed},
      {shed,
       {{"reason", "answers_not_read"}},
       &QueryCounters::tcp_shed_answers},
      {shed, {{"reason", "long_question"}}, &QueryCounters::tcp_shed_questions},
  };
  for (const Scalar& scalar : scalars) {
    const std::uint64_t total = sum(workers, scalar.count);
    writer.counter(scalar.family, scalar.labels, static_cast<double>(total));
  }
  writer.gauge({"canopydns_tcp_connections", "TCP connections open."}, {},
               static_cast<double>(workers.tcp_connections()));
  writer.gauge({"canopydns_memory_budget_bytes",
                "Memory limit for queries and answers that wait."},
               {}, static_cast<double>(workers.budget().octets()));
  writer.gauge({"canopydns_memory_budget_used_bytes",
                "Memory used by queries and answers that wait."},
               {}, static_cast<double>(workers.budget().used()));
}

}  // namespace

void write_query_metrics(const Workers& workers, MetricWriter& writer) {
  write_traffic(workers, writer);
  write_durations(workers, writer);
  write_scalars(workers, writer);
}

void write_cache_metrics(const AnswerCache& cache, const CacheLimits& limits,
                         MetricWriter& writer) {
  const AnswerCache::Totals totals = cache.totals();
  writer.gauge({"canopydns_cache_entries", "Answers in the cache."}, {},
               static_cast<double>(totals.entries));
  writer.gauge({"canopydns_cache_bytes", "Memory of the cached answers."}, {},
               static_cast<double>(totals.octets));
  writer.gauge({"canopydns_cache_capacity_entries", "--cache-size."}, {},
               static_cast<double>(limits.entries));
  writer.gauge({"canopydns_cache_capacity_bytes", "--cache-memory."}, {},
               static_cast<double>(limits.octets));
  writer.counter({"canopydns_cache_insertions_total", "Answers stored."}, {},
                 static_cast<double>(totals.insertions));
  writer.counter(
      {"canopydns_cache_evictions_total", "Answers evicted for lack of room."},
      {}, static_cast<double>(totals.evictions));
}

void write_reload_metrics(std::uint64_t failed, MetricWriter& writer) {
  writer.counter({"canopydns_reload_failures_total",
                  "New faults in the Corefile, the config folder or "
                  "resolv.conf; the earlier configuration was kept."},
                 {}, static_cast<double>(failed));
}

void write_zone_metrics(const ZoneSet& zones, MetricWriter& writer) {
  for (const Zone& zone : zones.zones()) {
    const MetricLabels labels = {{"zone", zone.apex().to_text()}};
    writer.gauge({"canopydns_zone_records", "Records in the zone."}, labels,
                 static_cast<double>(zone.tree().record_count()));
    writer.gauge({"canopydns_zone_names",
                  "Names in the zone, empty non-terminals included."},
                 labels, static_cast<double>(zone.tree().name_count()));
    writer.gauge({"canopydns_zone_bytes", "Memory of the zone's nodes."},
                 labels, static_cast<double>(zone.tree().octets()));
    writer.gauge({"canopydns_zone_serial", "SOA serial of the zone."}, labels,
                 zone.soa_serial());
  }
  writer.gauge({"canopydns_zone_complete",
                "1 once all data is in and absent names are NXDOMAIN."},
               {}, zones.is_complete() ? 1 : 0);
}

void write_hosts_metrics(const HostsCounts& counts, MetricWriter& writer) {
  const auto write = [&writer](const MetricWriter::Family& name,
                               const std::atomic<std::size_t>& count) {
    writer.gauge(name, {}, static_cast<double>(count.load()));
  };
  write({"canopydns_hosts_names",
         "Names of hosts files, with each of their addresses."},
        counts.names);
  write({"canopydns_hosts_broken_files",
         "Hosts files that cannot be read or are too large.  Their last valid "
         "content is served, if there was any."},
        counts.broken_files);
  write({"canopydns_hosts_records_left_out",
         "Records of hosts files that are not served, because a name has too "
         "many of one type."},
        counts.records_left_out);
}

}  // namespace canopy
