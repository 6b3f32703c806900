#include "healthz/http_metrics.h"

namespace canopy {

void write_http_metrics(MetricWriter& writer, const HttpCounts& counts) {
  const auto value = [](const HttpCounts::Count& count) {
    return static_cast<double>(count.load(std::memory_order_relaxed));
  };
  writer.gauge({"canopydns_http_connections", "HTTP connections open."}, {},
               value(counts.open_connections));
  writer.counter(
      {"canopydns_http_connections_total", "HTTP connections accepted."}, {},
      value(counts.connections));
  const MetricWriter::Family shed = {
      "canopydns_http_shed_total",
      "HTTP connections closed to make room for newer ones."};
  writer.counter(shed, {{"reason", "client_share"}}, value(counts.over_share));
  writer.counter(shed, {{"reason", "full"}}, value(counts.over_limit));
  writer.counter(shed, {{"reason", "descriptors"}}, value(counts.descriptors));
  writer.counter(
      {"canopydns_http_page_builds_total",
       "How often /metrics was made; requests within a second share it."},
      {}, value(counts.page_builds));
  writer.counter(
      {"canopydns_http_streams_total", "Pages of /debug/zone started."}, {},
      value(counts.streams));
  writer.counter({"canopydns_http_streams_refused_total",
                  "Pages of /debug/zone refused: too many were being read."},
                 {}, value(counts.refused_streams));
}

}  // namespace canopy
