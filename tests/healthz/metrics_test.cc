#include "healthz/metrics.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <limits>
#include <map>
#include <sstream>
#include <string>

#include "healthz/process_metrics.h"

namespace canopy {
namespace {

// Samples by what stands before their value; comments under "# ...".
std::map<std::string, double> samples_in(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) {
      ++samples[line];
      continue;
    }
    const auto space = line.rfind(' ');
    REQUIRE(space != std::string::npos);
    samples[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return samples;
}

std::map<std::string, double> written(const Metrics::Source& source) {
  Metrics metrics;
  metrics.add_source(source);
  return samples_in(metrics.text());
}

TEST_CASE("samples of one name are one family, in whatever order they come") {
  const auto samples = written([](MetricWriter& writer) {
    writer.counter({"q_total", "Questions."}, {{"tier", "cache"}}, 3);
    writer.gauge({"entries", "Entries."}, {}, 7.5);
    writer.counter({"q_total", "Questions."}, {{"tier", "zone"}}, 4);
  });
  CHECK(samples.at("q_total{tier=\"cache\"}") == 3);
  CHECK(samples.at("q_total{tier=\"zone\"}") == 4);
  CHECK(samples.at("entries") == 7.5);
  CHECK(samples.at("# HELP q_total Questions.") == 1);
  CHECK(samples.at("# TYPE q_total counter") == 1);
  CHECK(samples.at("# TYPE entries gauge") == 1);
}

TEST_CASE("every source is asked at every scrape") {
  Metrics metrics;
  int asked = 0;
  metrics.add_source([&](MetricWriter& writer) {
    writer.gauge({"asked", "Times."}, {}, ++asked);
  });
  metrics.add_source([](MetricWriter& writer) {
    writer.gauge({"other", "Other."}, {}, 1);
  });
  CHECK(samples_in(metrics.text()).at("asked") == 1);
  const auto second = samples_in(metrics.text());
  CHECK(second.at("asked") == 2);
  CHECK(second.at("other") == 1);
}

TEST_CASE("histogram buckets add up and end with infinity") {
  const auto samples = written([](MetricWriter& writer) {
    const std::array<double, 2> bounds{0.1, 1};
    const std::array<std::uint64_t, 3> counts{5, 2, 1};
    writer.histogram({"d_seconds", "Durations."}, {{"t", "a"}},
                     {.bounds = bounds, .counts = counts, .sum = 4.25});
  });
  CHECK(samples.at("d_seconds_bucket{t=\"a\",le=\"0.1\"}") == 5);
  CHECK(samples.at("d_seconds_bucket{t=\"a\",le=\"1\"}") == 7);
  CHECK(samples.at("d_seconds_bucket{t=\"a\",le=\"+Inf\"}") == 8);
  CHECK(samples.at("d_seconds_count{t=\"a\"}") == 8);
  CHECK(samples.at("d_seconds_sum{t=\"a\"}") == 4.25);
}

TEST_CASE("large counts keep every digit") {
  const auto samples = written([](MetricWriter& writer) {
    writer.counter({"big_total", "Big."}, {}, 123456789012345.0);
  });
  CHECK(samples.at("big_total") == 123456789012345.0);
}

TEST_CASE("label values from outside cannot break the text") {
  Metrics metrics;
  metrics.add_source([](MetricWriter& writer) {
    writer.gauge({"g", "G."}, {{"l", "a\"b\\c\nd 1"}}, 1);
  });
  CHECK(metrics.text().find("g{l=\"a\\\"b\\\\c\\nd 1\"} 1\n") !=
        std::string::npos);
}

TEST_CASE("the process says what it uses") {
  const auto before = written(write_process_metrics);
  CHECK(before.at("process_resident_memory_bytes") > 1e6);
  CHECK(before.at("process_virtual_memory_bytes") >=
        before.at("process_resident_memory_bytes"));
  CHECK(before.at("process_cpu_seconds_total") > 0);
  CHECK(before.at("process_max_fds") > before.at("process_open_fds"));
  CHECK(before.at("process_threads") >= 1);
  const auto now = static_cast<double>(std::time(nullptr));
  CHECK(before.at("process_start_time_seconds") <= now + 1);
  CHECK(before.at("process_start_time_seconds") > now - 3600);

  const int opened = dup(STDERR_FILENO);
  CHECK(written(write_process_metrics).at("process_open_fds") ==
        before.at("process_open_fds") + 1);
  close(opened);
}

TEST_CASE("the build has a name") {
  Metrics metrics;
  metrics.add_source(
      [](MetricWriter& writer) { write_build_info(writer, "1.2.3"); });
  CHECK(metrics.text().find("canopydns_build_info{version=\"1.2.3\",") !=
        std::string::npos);
}

TEST_CASE("health shows in the metrics, for the tiers there are") {
  Health health({.zone_tier = false});
  const TimePoint now{std::chrono::seconds(100)};
  health.record(Tier::kCache, Transport::kUdp,
                {.when = now, .latency = std::chrono::milliseconds(3)});
  health.record(Tier::kCache, Transport::kTcp,
                {.when = now, .error = "refused"});
  const auto samples = written(
      [&](MetricWriter& writer) { write_health_metrics(writer, health, now); });
  CHECK(samples.at("canopydns_ready") == 0);
  CHECK(samples.at("canopydns_healthy{tier=\"cache\"}") == 1);
  CHECK(samples.count("canopydns_healthy{tier=\"zone\"}") == 0);
  CHECK(samples.at("canopydns_probes_total{tier=\"cache\",transport=\"udp\","
                   "result=\"ok\"}") == 1);
  CHECK(samples.at("canopydns_probes_total{tier=\"cache\",transport=\"tcp\","
                   "result=\"failed\"}") == 1);
  CHECK(samples.at("canopydns_probe_latency_seconds_bucket{tier=\"cache\","
                   "transport=\"udp\",le=\"0.004\"}") == 1);
  CHECK(samples.at("canopydns_probe_latency_seconds_bucket{tier=\"cache\","
                   "transport=\"udp\",le=\"0.002\"}") == 0);
}

}  // namespace
}  // namespace canopy
