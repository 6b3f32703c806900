#include "server/report/watch_metrics.h"

#include <vector>

namespace canopy {
namespace {

double seconds_since(kube::WallTime then, kube::WallTime now) {
  return std::chrono::duration<double>(now - then).count();
}

void write_kind(const kube::KindStatus& status, const char* kind,
                kube::WallTime now, MetricWriter& writer) {
  const auto events = [&](const char* type, std::uint64_t count) {
    writer.counter({"canopydns_watch_events_total",
                    "Events from the API server, by kind and type."},
                   {{"kind", kind}, {"type", type}},
                   static_cast<double>(count));
  };
  events("ADDED", status.added);
  events("MODIFIED", status.modified);
  events("DELETED", status.deleted);
  events("BOOKMARK", status.bookmarks);
  const MetricWriter::Labels labels = {{"kind", kind}};
  writer.gauge({"canopydns_watch_objects", "Objects known."}, labels,
               static_cast<double>(status.objects));
  writer.gauge({"canopydns_watch_objects_cut",
                "Objects that are too large and served in part."},
               labels, static_cast<double>(status.cut));
  writer.gauge({"canopydns_watch_synced", "1 after the first full list."},
               labels, status.synced ? 1 : 0);
  writer.counter({"canopydns_watch_resyncs_total", "Full lists applied."},
                 labels, static_cast<double>(status.lists));
  writer.counter({"canopydns_watch_streamed_lists_total",
                  "Full lists that were streamed: the first events of a "
                  "watch (WatchList)."},
                 labels, static_cast<double>(status.streamed));
  writer.counter({"canopydns_watch_starts_total", "Watches started."}, labels,
                 static_cast<double>(status.watches));
  writer.counter(
      {"canopydns_watch_failures_total", "Lists and watches that failed."},
      labels, static_cast<double>(status.failures));
  writer.counter({"canopydns_watch_malformed_total",
                  "Objects that could not be read and were left out."},
                 labels, static_cast<double>(status.malformed));
  writer.counter({"canopydns_watch_unread_elements_total",
                  "Fields and list items of objects that could not be read "
                  "and were left out."},
                 labels, static_cast<double>(status.unread));
  writer.counter({"canopydns_watch_back_in_time_total",
                  "Events whose resource version was not above the last one; "
                  "ignored, and a new list made."},
                 labels, static_cast<double>(status.went_back));
  writer.counter({"canopydns_watch_frozen_total",
                  "Watches that were silent for too long."},
                 labels, static_cast<double>(status.frozen));
  const auto checks = [&](const char* result, std::uint64_t count) {
    writer.counter({"canopydns_watch_consistency_checks_total",
                    "Comparisons with the API server's count of objects."},
                   {{"kind", kind}, {"result", result}},
                   static_cast<double>(count));
  };
  checks("same", status.same);
  checks("differs", status.differing);
  const bool away = status.away_since != kube::WallTime{};
  writer.gauge({"canopydns_watch_connected",
                "0 while lists and watches of this kind fail."},
               labels, away ? 0 : 1);
  writer.gauge(
      {"canopydns_watch_away_seconds",
       "Seconds since the API server was lost; 0 while it is reachable."},
      labels, away ? seconds_since(status.away_since, now) : 0);
  if (status.last_event == kube::WallTime{}) return;
  writer.gauge({"canopydns_watch_last_event_age_seconds",
                "Seconds since the last event or bookmark."},
               labels, seconds_since(status.last_event, now));
}

// `coredns_kind` is what CoreDNS calls the kind.
void write_latency(const kube::LatencyHistogram& histogram, const char* kind,
                   const char* coredns_kind, MetricWriter& writer) {
  std::vector<double> bounds;
  bounds.reserve(kube::LatencyHistogram::kBounds);
  for (std::size_t i = 0; i < kube::LatencyHistogram::kBounds; ++i) {
    bounds.push_back(kube::LatencyHistogram::bound(i));
  }
  const MetricWriter::Distribution distribution{bounds, histogram.counts,
                                                histogram.sum};
  writer.histogram({"canopydns_dns_programming_duration_seconds",
                    "From the change of an endpoint to its publication."},
                   {{"service_kind", kind}}, distribution);
  writer.histogram({"coredns_kubernetes_dns_programming_duration_seconds",
                    "canopydns_dns_programming_duration_seconds by CoreDNS's "
                    "name."},
                   {{"service_kind", coredns_kind}}, distribution);
}

// Writes nothing without --snapshot-file.
void write_snapshot(const kube::WatchStatus& status, kube::WallTime now,
                    MetricWriter& writer) {
  const kube::SnapshotStatus& snapshot = status.snapshot;
  if (!snapshot.enabled) return;
  writer.gauge({"canopydns_snapshot_stale",
                "1 while answers come from a snapshot that no API server has "
                "confirmed."},
               {}, status.stale ? 1 : 0);
  if (status.stale && snapshot.served_from != kube::WallTime{}) {
    writer.gauge({"canopydns_snapshot_stale_age_seconds",
                  "Age of the snapshot that is served."},
                 {}, seconds_since(snapshot.served_from, now));
  }
  writer.counter({"canopydns_snapshot_writes_total", "Snapshots written."}, {},
                 static_cast<double>(snapshot.writes));
  writer.counter({"canopydns_snapshot_failures_total",
                  "Snapshots that could not be written."},
                 {}, static_cast<double>(snapshot.failures));
  writer.gauge(
      {"canopydns_snapshot_bytes", "Size of the last snapshot written."}, {},
      static_cast<double>(snapshot.octets));
  if (snapshot.last_write == kube::WallTime{}) return;
  writer.gauge({"canopydns_snapshot_last_write_age_seconds",
                "Seconds since the last snapshot was written."},
               {}, seconds_since(snapshot.last_write, now));
}

}  // namespace

void write_watch_metrics(const kube::WatchStatus& status, kube::WallTime now,
                         MetricWriter& writer) {
  for (const kube::ObjectKind kind : kube::kAllKinds) {
    if (!status.of(kind).watched) continue;
    write_kind(status.of(kind), kube::kind_name(kind), now, writer);
  }
  write_snapshot(status, now, writer);
  write_latency(status.cluster_ip_latency, "cluster_ip", "cluster_ip", writer);
  // The time of a change is written for Services with a selector only.
  write_latency(status.headless_latency, "headless", "headless_with_selector",
                writer);
  writer.counter({"canopydns_zone_publishes_total", "Zone changes published."},
                 {}, static_cast<double>(status.publishes));
  if (status.last_publish != kube::WallTime{}) {
    writer.gauge({"canopydns_zone_last_publish_age_seconds",
                  "Seconds since the zones last changed."},
                 {}, seconds_since(status.last_publish, now));
  }
  writer.gauge({"canopydns_manifests_broken_files",
                "Manifest files whose last good content is served."},
               {}, static_cast<double>(status.broken_files));
  writer.counter({"canopydns_manifests_reloads_total", "Manifest reloads."}, {},
                 static_cast<double>(status.reloads));
}

}  // namespace canopy
