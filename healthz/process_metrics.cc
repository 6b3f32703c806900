#include "healthz/process_metrics.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "healthz/guarded.h"
#include "healthz/log.h"
#include "healthz/read_file.h"

namespace canopy {
namespace {

// The fields of /proc/self/stat from the third on.  The second one is the
// program's name in parentheses, which may contain any characters, including
// parentheses (proc(5)).
std::vector<std::string> stat_fields() {
  const std::string line = kernel_text("/proc/self/stat");
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

// proc(5) counts fields from 1; stat_fields starts with the third.
double field(const std::vector<std::string>& fields, std::size_t number) {
  return std::stod(fields.at(number - 3));
}

std::optional<double> boot_time() {
  std::istringstream file(kernel_text("/proc/stat"));
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> open_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  // Starts at -1 to exclude the descriptor that reads the folder.
  double count = -1;
  for (; entries != std::filesystem::directory_iterator();
       entries.increment(error)) {
    if (error) return std::nullopt;
    ++count;
  }
  return count;
}

void write_descriptors(MetricWriter& writer) {
  if (const auto open = open_descriptors()) {
    writer.gauge({"process_open_fds", "Number of open file descriptors."}, {},
                 *open);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  writer.gauge({"process_max_fds", "Maximum number of open file descriptors."},
               {}, static_cast<double>(limit.rlim_cur));
}

void write_cpu(MetricWriter& writer) {
  timespec used{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return;
  writer.counter({"process_cpu_seconds_total",
                  "Total user and system CPU time spent in seconds."},
                 {},
                 static_cast<double>(used.tv_sec) +
                     static_cast<double>(used.tv_nsec) / 1e9);
}

void write_stat(MetricWriter& writer) {
  const std::vector<std::string> fields = stat_fields();
  if (fields.size() < 22) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  writer.gauge(
      {"process_resident_memory_bytes", "Resident memory size in bytes."}, {},
      field(fields, 24) * page);
  writer.gauge(
      {"process_virtual_memory_bytes", "Virtual memory size in bytes."}, {},
      field(fields, 23));
  writer.gauge({"process_threads", "Number of threads."}, {},
               field(fields, 20));
  if (const auto boot = boot_time()) {
    writer.gauge({"process_start_time_seconds",
                  "Start time of the process since unix epoch in seconds."},
                 {}, *boot + field(fields, 22) / ticks);
  }
}

void write_tier(MetricWriter& writer, const Health& health, Tier tier,
                TimePoint now) {
  const std::string name(Health::name_of(tier));
  writer.gauge({"canopydns_healthy",
                "1 when the last probes of the tier and of its workers were "
                "answered correctly and in time, else 0."},
               {{"tier", name}}, health.verdict(tier, now).ok ? 1 : 0);
  writer.gauge({"canopydns_failing_workers",
                "Workers whose last probe failed, over UDP or TCP."},
               {{"tier", name}},
               static_cast<double>(health.failing_workers(tier)));
  for (const auto transport : {Transport::kUdp, Transport::kTcp}) {
    const bool udp = transport == Transport::kUdp;
    const MetricWriter::Labels labels{{"tier", name},
                                      {"transport", udp ? "udp" : "tcp"}};
    const Health::Totals totals = health.totals(tier, transport);
    for (const bool ok : {true, false}) {
      MetricWriter::Labels with_result = labels;
      with_result.emplace_back("result", ok ? "ok" : "failed");
      writer.counter({"canopydns_probes_total",
                      "Probe queries to our own sockets, by result."},
                     with_result,
                     static_cast<double>(ok ? totals.ok : totals.failed));
    }
    writer.histogram({"canopydns_probe_latency_seconds",
                      "Time to a correct answer from our own sockets."},
                     labels,
                     {.bounds = Health::kLatencyBounds,
                      .counts = totals.latencies,
                      .sum = totals.latency_seconds});
  }
}

}  // namespace

void write_build_info(MetricWriter& writer, std::string_view version) {
  writer.gauge(
      {"canopydns_build_info", "Always 1; the labels say what is running."},
      {{"version", std::string(version)}, {"compiler", __VERSION__}}, 1);
}

void write_process_metrics(MetricWriter& writer) {
  write_stat(writer);
  write_cpu(writer);
  write_descriptors(writer);
}

void write_fault_metrics(MetricWriter& writer) {
  writer.counter({"canopydns_log_dropped_total",
                  "Log lines dropped because stderr was not read."},
                 {}, static_cast<double>(dropped_log_lines()));
  for (const auto& [thread, count] : caught_exceptions()) {
    writer.counter({"canopydns_exceptions_total",
                    "Unexpected exceptions that a thread survived."},
                   {{"thread", thread}}, static_cast<double>(count));
  }
}

void write_health_metrics(MetricWriter& writer, const Health& health,
                          TimePoint now) {
  writer.gauge({"canopydns_ready", "1 when /readyz says ok, else 0."}, {},
               health.unready_reason() ? 0 : 1);
  for (const auto tier : {Tier::kCache, Tier::kZone}) {
    if (health.has(tier)) write_tier(writer, health, tier, now);
  }
}

}  // namespace canopy
