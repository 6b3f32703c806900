// Starts, connects and stops all parts of the process.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "cache/answer_cache.h"
#include "healthz/configuration_error.h"
#include "healthz/guarded.h"
#include "healthz/log.h"
#include "healthz/process_metrics.h"
#include "kubewatch/cluster/cluster_watch.h"
#include "server/answer/query_handler.h"
#include "server/config/command_line.h"
#include "server/config/corefile_directives.h"
#include "server/config/text_values.h"
#include "server/limits/client_rates.h"
#include "server/machine/descriptor_plan.h"
#include "server/machine/granted_memory.h"
#include "server/machine/host_name.h"
#include "server/machine/own_addresses.h"
#include "server/net/address.h"
#include "server/report/coredns_metrics.h"
#include "server/report/forward_metrics.h"
#include "server/report/health_service.h"
#include "server/report/kube_dns_metrics.h"
#include "server/report/query_metrics.h"
#include "server/report/watch_metrics.h"
#include "server/sources/cluster_source.h"
#include "server/sources/plan_source.h"
#include "server/workers/memory_return.h"
#include "server/workers/watchdog.h"
#include "server/workers/workers.h"
#include "zones/zone_store.h"

namespace canopy {
namespace {

constexpr const char* kVersion = CANOPYDNS_VERSION;

// Limit for stopping all threads after the drain.
constexpr std::chrono::seconds kStopTime{10};

// The present time, so that SOA serials are higher than those of an earlier
// process, apart from clock changes.
Serial first_serial() {
  return static_cast<Serial>(
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
}

void say_where(const char* what, const std::vector<SocketAddress>& endpoints) {
  for (const SocketAddress& endpoint : endpoints) {
    log_info("{} listens on {} (UDP and TCP)", what, to_text(endpoint));
  }
}

void say_where(const HttpServer& http) {
  if (http.endpoints().empty()) {
    log_info("no HTTP port: the Corefile has no health, ready or prometheus");
  }
  for (const auto& at : http.endpoints()) {
    log_info("health and metrics listen on http://{}",
             to_text(SocketAddress(at.address(), at.port())));
  }
}

// Data and listeners may become ready in either order; the later one logs it.
void say_when_ready(const Health& health) {
  static std::atomic<bool> said{false};
  if (!health.unready_reason() && !said.exchange(true)) {
    log_info("ready: all data is in");
  }
}

// Returns the first address of `wanted`, or else of `otherwise`.
std::optional<SocketAddress> first_of(
    const std::vector<SocketAddress>& wanted,
    const std::vector<SocketAddress>& otherwise) {
  return wanted.empty() ? otherwise.front() : wanted.front();
}

// Our probes come from the addresses that they are sent to.  All other queries
// from these addresses are this machine's own.
std::vector<Client> probe_sources(const Plan& plan) {
  std::vector<Client> sources = {client_of(address_value("127.0.0.1")),
                                 client_of(address_value("::1"))};
  for (const Listener& listener : plan.listeners()) {
    for (const Address& address : listener.addresses) {
      sources.push_back(client_of(address));
    }
  }
  return sources;
}

// Blocks the signals in this thread and in threads created later.  Each signal
// then waits until it is taken here; none ends the process or interrupts a
// call.
class Signals {
 public:
  Signals() {
    sigemptyset(&taken_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
      sigaddset(&taken_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &taken_, nullptr);
  }

  // SIGHUP calls `reload`.  SIGTERM and SIGINT return.  Calls `each_second`
  // about once a second until then.
  template <typename Reload, typename EachSecond>
  void run_until_stopped(const Reload& reload,
                         const EachSecond& each_second) const {
    for (;;) {
      constexpr timespec kSecond{1, 0};
      const int signal = sigtimedwait(&taken_, nullptr, &kSecond);
      if (signal < 0) {
        each_second();
        continue;
      }
      if (signal != SIGHUP) {
        log_info("{}: stopping", name_of(signal));
        return;
      }
      log_info("SIGHUP: re-reading all files");
      reload();
    }
  }

  // Waits for `time`.  Returns true when a second SIGTERM or SIGINT came.
  bool come_again(std::chrono::milliseconds time) const {
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    const timespec wait{whole.count(),
                        std::chrono::nanoseconds(time - whole).count()};
    const int signal = sigtimedwait(&taken_, nullptr, &wait);
    if (signal != SIGTERM && signal != SIGINT) return false;
    log_info("{} again: stopping at once", name_of(signal));
    return true;
  }

 private:
  static const char* name_of(int signal) {
    return signal == SIGTERM ? "SIGTERM" : "SIGINT";
  }

  sigset_t taken_;
};

void say_memory(std::uint64_t granted, const MemoryPlan& plan) {
  constexpr double kMiB = 1 << 20;
  log_info(
      "memory: the limit is {:.0f} MiB; at most {:.0f} MiB for pending queries "
      "and unsent answers",
      static_cast<double>(granted) / kMiB,
      static_cast<double>(plan.waiting) / kMiB);
}

// The addresses that each worker listens on, for clients and for probes.
std::size_t addresses_of(const Plan& plan) {
  std::size_t addresses = kTiers;  // for probes, on loopback
  for (const Listener& listener : plan.listeners()) {
    if (!listener.port) continue;
    addresses += listener.addresses.empty() ? 2 : listener.addresses.size();
  }
  return addresses;
}

DescriptorPlan plan_descriptors(unsigned workers, const Plan& answering,
                                const FileLimit& files) {
  DescriptorPlan plan(
      files.now,
      {.workers = workers, .listeners = 2 * addresses_of(answering) * workers});
  if (plan.warning) log_warning("{}", *plan.warning);
  return plan;
}

std::vector<ZoneOptions> zones_of(const Settings& settings) {
  if (!settings.serves_cluster) return {};
  return kube::cluster_zones(settings.records);
}

// Reads everything that serve() reads before it listens.
int check(const Settings& settings) {
  if (!settings.faults.empty()) {
    for (const std::string& fault : settings.faults) {
      print_error("canopydns: " + fault);
    }
    return 2;
  }
  ZoneStore zones(zones_of(settings), first_serial());
  kube::ClusterWatch watch(watch_options(settings), zones);
  PlanStore plans;
  make_plan_source(settings, {}, plans);
  const SourceReport report = make_cluster_source(settings, {}, watch)->check();
  for (const std::string& fault : report.faults) {
    std::fprintf(stderr, "canopydns: %s\n", fault.c_str());
  }
  std::size_t records = 0;
  for (const Zone& zone : ZoneStore::Reader(zones).current().zones()) {
    records += zone.tree().record_count();
  }
  if (report.faults.empty()) {
    std::printf("configuration is valid; %zu records loaded\n", records);
  }
  for (const std::string& line : report.lines) std::puts(line.c_str());
  for (const std::string& remark : settings.remarks) std::puts(remark.c_str());
  return report.faults.empty() ? 0 : 2;
}

int serve(const Settings& settings, const ReadSettings& read_settings,
          const FileLimit& files) {
  const Signals signals;
  const std::uint64_t granted = granted_memory();
  const MemoryPlan memory(granted);

  // The store of zones, the cache and the health state.
  ZoneStore zones(zones_of(settings), first_serial());
  AnswerCache cache(settings.cache);
  Health health({.probe_latency = settings.health.probe_latency,
                 .zone_tier = settings.listen.zone_port.has_value()});
  if (!settings.serves_cluster) health.data_is_in();  // there will be none

  // The cluster source writes zones.
  kube::ClusterWatchOptions watching = watch_options(settings);
  watching.on_synced = [&health] {
    health.data_is_in();
    say_when_ready(health);
  };
  kube::ClusterWatch watch(std::move(watching), zones);
  if (!settings.serves_cluster) health.data_is_in();
  const auto source =
      make_cluster_source(settings, {.plugin_files = files.before}, watch);

  // Listeners read the zones and handle queries by the plan.
  PlanStore plans;
  const auto plan_source = make_plan_source(settings, read_settings, plans);
  const auto plan = plans.current();
  const DescriptorPlan descriptors =
      plan_descriptors(settings.workers, *plan, files);
  set_ipv6_clients({settings.clients.ipv6_prefix, interface_addresses()});
  std::optional<ClientRates> rates;
  if (settings.clients.qps > 0) {
    rates.emplace(settings.clients.qps, probe_sources(*plan));
  }
  Workers workers(
      {.workers = settings.workers,
       .tcp = {.max_connections = descriptors.tcp_connections,
               .max_descriptor = descriptors.tcp_descriptor_limit},
       .ports_per_upstream = descriptors.ports_per_upstream,
       .query_case = settings.forward.query_case,
       .memory = memory},
      plans, [&](Forwarder& forwarder, QueryCounters& counters) {
        return std::make_unique<QueryHandler>(
            zones, plans, cache, forwarder, counters,
            HandlerOptions{.version = std::string("CanopyDNS ") + kVersion,
                           .hostname = host_name(),
                           .log_queries = settings.log.queries,
                           .stale = &watch.is_stale(),
                           .rates = rates ? &*rates : nullptr,
                           .upstream_naming = {settings.forward.ede_upstreams,
                                               interface_addresses()}});
      });
  Watchdog watchdog(settings.health.watchdog, workers);

  // The health port reports the state of the process.
  Metrics metrics;
  metrics.add_source([&](MetricWriter& writer) {
    write_build_info(writer, kVersion);
    write_process_metrics(writer);
    write_fault_metrics(writer);
    write_health_metrics(writer, health, std::chrono::steady_clock::now());
    write_query_metrics(workers, writer);
    const ForwardCounts forwarded = workers.forward_counts();
    write_forward_metrics(forwarded, writer);
    write_cache_metrics(cache, settings.cache, writer);
    write_reload_metrics(plan_source->failed_reloads(), writer);
    write_zone_metrics(ZoneStore::Reader(zones).current(), writer);
    write_hosts_metrics(plan_source->hosts_counts(), writer);
    write_watch_metrics(watch.status(), std::chrono::system_clock::now(),
                        writer);
    write_coredns_process_metrics(kVersion, writer);
    write_coredns_query_metrics(workers, writer);
    write_coredns_cache_metrics(workers, cache, writer);
    write_coredns_forward_metrics(forwarded, writer);
    write_coredns_reload_metrics(plan_source->failed_reloads(), writer);
    write_coredns_plugins(plan_source->blocks(), writer);
    write_dnsmasq_metrics(workers, cache, settings.cache, writer);
    write_sidecar_probes(health, writer);
  });
  HealthService health_service(settings, workers, zones, health, metrics);

  if (settings.user) become(*settings.user);
  source->start();  // throws for broken manifests, before any log line
  for (const std::string& remark : settings.remarks) log_info("{}", remark);
  say_memory(granted, memory);
  say_where("cache tier", workers.cache_tier());
  say_where("zone tier", workers.zone_tier());
  say_where(health_service.http());
  workers.start();
  watchdog.start();
  health.is_listening();
  say_when_ready(health);
  health_service.start();
  plan_source->start(first_of(workers.zone_tier(), workers.cache_tier()));
  MemoryReturn memory_return;
  signals.run_until_stopped(
      [&] {
        guarded("main", [&] {
          source->reload();
          plan_source->reload();
        });
      },
      [&] {
        memory_return.look(workers.budget().used(),
                           std::chrono::steady_clock::now());
      });

  // Drain: report not ready, and answer until no query arrives.
  health.is_draining();
  watchdog.rest();
  workers.drain(settings.drain, [&](std::chrono::milliseconds time) {
    return signals.come_again(time);
  });
  watchdog.end_within(kStopTime);
  source->stop();
  plan_source->stop();
  workers.stop();
  log_info("stopped");
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  const ReadSettings read_settings = [&] {
    return parse_command_line(arguments);
  };
  const Settings settings = read_settings();
  switch (settings.command) {
    case Command::kHelp:
      std::fputs(help_text().c_str(), stdout);
      return 0;
    case Command::kPlugins:
      std::fputs(directives_text().c_str(), stdout);
      return 0;
    case Command::kVersion:
      std::printf("canopydns %s\n", kVersion);
      return 0;
    case Command::kCheck:
      return check(settings);
    case Command::kServe:
      set_log_level(settings.log.level);
      if (settings.user) give_up_new_privileges(*settings.user);
      start_log_thread();
      return serve(settings, read_settings, raise_file_limit());
  }
  return 1;
}

// Opens /dev/null for closed standard descriptors.  Otherwise a socket or file
// could get such a descriptor, and log lines would be written to it.
void open_standard_descriptors() {
  for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; ++standard) {
    if (::fcntl(standard, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
}

// Returns the exit code.  Prints an exception as one line on stderr.
int run_to_the_end(const std::vector<std::string>& arguments) {
  try {
    return run(arguments);
  } catch (const ConfigurationError& error) {
    print_error(std::string("canopydns: ") + error.what());
    return 2;
  } catch (const std::exception& error) {
    print_error(std::string("canopydns: ") + error.what());
    return 1;
  }
}

}  // namespace
}  // namespace canopy

int main(int argc, char** argv) {
  // The limit on waiting for a reader of stderr that does not read.
  constexpr std::chrono::milliseconds kLastLines{1000};
  canopy::return_large_blocks();
  canopy::open_standard_descriptors();
  canopy::name_uncaught_exceptions();
  std::signal(SIGPIPE, SIG_IGN);  // cpp-httplib's client relies on it
  const int code = canopy::run_to_the_end({argv + 1, argv + argc});
  canopy::flush_log(kLastLines);
  return code;
}
