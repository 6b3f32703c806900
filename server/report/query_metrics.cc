#include "server/report/query_metrics.h"

#include "server/net/address.h"

namespace canopy {
namespace {

using MetricLabels = MetricWriter::Labels;

constexpr std::array<const char*, kTiers> kTierNames = {"cache", "zone"};
constexpr std::array<const char*, kTransports> kTransportNames = {"udp", "tcp"};
constexpr std::array<const char*, std::size_t(TypeClass::kCount)> kTypeNames = {
    "A", "AAAA", "SRV", "PTR", "CNAME", "TXT", "SOA", "NS", "ANY", "other"};
constexpr std::array<const char*, std::size_t(RcodeClass::kCount)> kRcodeNames =
    {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
     "NOTIMP",  "REFUSED", "BADVERS",  "other"};

// Returns the sum over all workers of the counter that `count_of` selects.
template <typename CountOf>
std::uint64_t sum(const Workers& workers, CountOf count_of) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    total += count_of(workers.counters(i)).value();
  }
  return total;
}

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
    std::array<std::uint64_t, kDurationBounds.size() + 1> counts;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      counts[i] =
          sum(workers, [&](const QueryCounters& counters) -> const Count& {
            return counters.durations[tier][i];
          });
    }
    const std::uint64_t nanoseconds =
        sum(workers, [&](const QueryCounters& counters) -> const Count& {
          return counters.duration_nanoseconds[tier];
        });
    writer.histogram(
        {"canopydns_dns_request_duration_seconds",
         "From reading a query to sending its response."},
        {{"tier", kTierNames[tier]}},
        {kDurationBounds, counts, static_cast<double>(nanoseconds) / 1e9});
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
    const std::uint64_t total =
        sum(workers, [&](const QueryCounters& counters) -> const Count& {
          return counters.*scalar.count;
        });
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

void write_answer_times(const UpstreamCounts& upstream, MetricWriter& writer) {
  for (std::size_t rcode = 0; rcode < kRcodeNames.size(); ++rcode) {
    const AnswerTimesCounts& times = upstream.answers[rcode];
    // NOERROR is always there, so that an upstream without answers is seen.
    if (rcode > 0 && times.answers() == 0) continue;
    writer.histogram(
        {"canopydns_upstream_request_duration_seconds",
         "From sending a query to an upstream to its answer."},
        {{"upstream", to_text(upstream.server)}, {"rcode", kRcodeNames[rcode]}},
        {kDurationBounds, times.durations,
         static_cast<double>(times.nanoseconds) / 1e9});
  }
}

void write_upstream_health(const ForwardCounts& counts, MetricWriter& writer) {
  for (const UpstreamReport& health : counts.health) {
    const MetricLabels labels = {{"upstream", to_text(health.server)},
                                 {"domain", health.domain}};
    writer.gauge({"canopydns_upstream_healthy",
                  "0 while the upstream is down or loops."},
                 labels, health.is_up ? 1 : 0);
    writer.gauge({"canopydns_upstream_loop",
                  "1 while the upstream forwards our queries back to us."},
                 labels, health.is_loop ? 1 : 0);
    writer.counter({"canopydns_upstream_state_changes_total",
                    "How often the upstream went down, recovered or looped."},
                   labels, static_cast<double>(health.changes));
    writer.counter({"canopydns_upstream_healthcheck_total",
                    "Health checks and copies of client queries sent to test "
                    "the upstream."},
                   labels, static_cast<double>(health.probes));
    writer.counter({"canopydns_upstream_healthcheck_failures_total",
                    "Health checks that the upstream did not answer."},
                   labels, static_cast<double>(health.failed_checks));
  }
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

void write_forward_metrics(const ForwardCounts& counts, MetricWriter& writer) {
  const auto total = [&writer](const MetricWriter::Family& family,
                               const MetricLabels& labels,
                               std::uint64_t count) {
    writer.counter(family, labels, static_cast<double>(count));
  };
  total({"canopydns_forward_requests_total", "Queries to forward."}, {},
        counts.asked);
  total({"canopydns_forward_joined_total",
         "Queries that joined an identical fetch."},
        {}, counts.joined);
  total({"canopydns_forward_unanswered_total",
         "Queries that no upstream answered."},
        {}, counts.unanswered);
  const MetricWriter::Family shed = {
      "canopydns_forward_shed_total",
      "Queries not forwarded because too many were waiting."};
  total(shed, {{"reason", "client_share"}}, counts.over_share);
  total(shed, {{"reason", "full"}}, counts.full);
  total(shed, {{"reason", "same_question"}}, counts.same_question);
  total({"canopydns_forward_healthcheck_broken_total",
         "Queries sent although all their upstreams were down."},
        {}, counts.all_down);
  write_upstream_health(counts, writer);
  for (const UpstreamCounts& upstream : counts.upstreams) {
    const MetricLabels labels = {{"upstream", to_text(upstream.server)}};
    total(
        {"canopydns_upstream_requests_total", "Queries sent to the upstream."},
        labels, upstream.asked);
    total({"canopydns_upstream_failures_total",
           "Errors, timeouts and answers to other questions."},
          labels, upstream.failures);
    total({"canopydns_upstream_misspelled_total",
           "UDP answers that did not preserve the query's case: spoofed, or "
           "the upstream does not support 0x20."},
          labels, upstream.wrong_case);
    total({"canopydns_upstream_bad_messages_total",
           "Messages with the ID of a query that were no valid answer to it; "
           "ignored."},
          labels, upstream.bad_messages);
    write_answer_times(upstream, writer);
    writer.gauge({"canopydns_upstream_round_trip_seconds",
                  "Smoothed round-trip time of the slowest worker."},
                 labels,
                 static_cast<double>(upstream.round_trip_nanoseconds) / 1e9);
  }
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

}  // namespace canopy
