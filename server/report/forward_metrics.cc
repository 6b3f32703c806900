#include "server/report/forward_metrics.h"

#include "server/net/address.h"
#include "server/report/query_sums.h"

namespace canopy {
namespace {

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
    const MetricWriter::Labels labels = {{"upstream", to_text(health.server)},
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

void write_forward_metrics(const ForwardCounts& counts, MetricWriter& writer) {
  const auto total = [&writer](const MetricWriter::Family& family,
                               const MetricWriter::Labels& labels,
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
    const MetricWriter::Labels labels = {
        {"upstream", to_text(upstream.server)}};
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

}  // namespace canopy
