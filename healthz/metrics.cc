#include "healthz/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <map>

namespace canopy {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// The families, in order of first use, indexed by name.
struct MetricWriter::Families {
  std::vector<MetricFamily> list;
  std::map<std::string, std::size_t, std::less<>> places;

  ClientMetric& add(const Family& family, MetricType type,
                    const Labels& labels) {
    auto place = places.find(family.name);
    if (place == places.end()) {
      place = places.emplace(std::string(family.name), list.size()).first;
      list.push_back({.name = std::string(family.name),
                      .help = std::string(family.help),
                      .type = type,
                      .metric = {}});
    }
    ClientMetric& sample = list[place->second].metric.emplace_back();
    for (const auto& [name, value] : labels) {
      sample.label.push_back({name, value});
    }
    return sample;
  }
};

MetricWriter::MetricWriter() : families_(std::make_unique<Families>()) {}
MetricWriter::~MetricWriter() = default;

void MetricWriter::counter(const Family& family, const Labels& labels,
                           double value) {
  families_->add(family, MetricType::Counter, labels).counter.value = value;
}

void MetricWriter::gauge(const Family& family, const Labels& labels,
                         double value) {
  families_->add(family, MetricType::Gauge, labels).gauge.value = value;
}

void MetricWriter::histogram(const Family& family, const Labels& labels,
                             const Distribution& distribution) {
  auto& histogram =
      families_->add(family, MetricType::Histogram, labels).histogram;
  // Prometheus' buckets are cumulative and end with +Inf.
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < distribution.counts.size(); ++i) {
    below += distribution.counts[i];
    const double bound = i < distribution.bounds.size()
                             ? distribution.bounds[i]
                             : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back(
        {.cumulative_count = below, .upper_bound = bound});
  }
  histogram.sample_count = below;
  histogram.sample_sum = distribution.sum;
}

std::string MetricWriter::text() const {
  return prometheus::TextSerializer().Serialize(families_->list);
}

std::string Metrics::text() const {
  MetricWriter writer;
  for (const Source& source : sources_) source(writer);
  return writer.text();
}

}  // namespace canopy
