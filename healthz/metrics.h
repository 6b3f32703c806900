// The text of /metrics.  Sources are called at each scrape, so that counters
// kept elsewhere cost nothing between scrapes.
//
// Thread rule: call add_source before text.  Only one thread at a time may call
// text; the sources run on that thread (the page thread).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace canopy {

// Takes samples in any order, and groups samples of the same name into one
// family.
class MetricWriter {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // The name and meaning of a family; base units, counters end in _total.
  struct Family {
    std::string_view name;
    std::string_view help;
  };

  MetricWriter();
  ~MetricWriter();
  MetricWriter(const MetricWriter&) = delete;
  MetricWriter& operator=(const MetricWriter&) = delete;

  void counter(const Family& family, const Labels& labels, double value);
  void gauge(const Family& family, const Labels& labels, double value);

  struct Distribution {
    std::span<const double> bounds;  // upper bounds, ascending, without +Inf
    // Observations in each bucket, not cumulative.  One more than bounds: the
    // last one counts the values above all bounds.
    std::span<const std::uint64_t> counts;
    double sum = 0;
  };
  void histogram(const Family& family, const Labels& labels,
                 const Distribution& distribution);

  // All samples so far in Prometheus' text format 0.0.4.
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

class Metrics {
 public:
  using Source = std::function<void(MetricWriter&)>;

  void add_source(Source source) { sources_.push_back(std::move(source)); }
  std::string text() const;

  static constexpr std::string_view kContentType =
      "text/plain; version=0.0.4; charset=utf-8";

 private:
  std::vector<Source> sources_;
};

}  // namespace canopy
