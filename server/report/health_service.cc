#include "server/report/health_service.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "healthz/configuration_error.h"
#include "healthz/guarded.h"
#include "healthz/http_metrics.h"
#include "healthz/routes.h"
#include "healthz/zone_page.h"

namespace canopy {
namespace {

// A sixteenth of the descriptors that the process may open.  The health port
// thus takes no descriptors from threads that answer queries.
std::size_t http_connections() {
  constexpr std::size_t kFewest = 16;
  constexpr std::size_t kMost = 256;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return kFewest;
  return std::clamp<std::size_t>(files.rlim_cur / 16, kFewest, kMost);
}

HttpServerOptions http_options(const Settings& settings) {
  HttpServerOptions options{.listen = settings.http};
  options.limits.max_connections = http_connections();
  if (!settings.corefile.empty()) {
    options.set_by = "health, ready or prometheus";
  }
  return options;
}

// A Corefile need not have a server block with the cluster's domain on the
// address that is probed.
ProbeQuestion probe_question(const Settings& settings) {
  return settings.blocks.empty()
             ? ProbeQuestion::cluster_version(settings.records.domain)
             : ProbeQuestion::server_version();
}

ProbeOptions probe_options(const Settings& settings) {
  const HealthSettings& health = settings.health;
  return {.question = probe_question(settings),
          .period = health.probe_period,
          .timeout = std::min(health.probe_period, health.probe_latency)};
}

ProbedTiers tiers_of(const Workers& workers) {
  ProbedTiers tiers;
  tiers.cache = workers.cache_tier().front();
  if (!workers.zone_tier().empty()) tiers.zone = workers.zone_tier().front();
  return tiers;
}

std::vector<ProbedWorker> each_of(const Workers& workers) {
  std::vector<ProbedWorker> each;
  for (const Tier tier : {Tier::kCache, Tier::kZone}) {
    const auto& endpoints = workers.probe_endpoints(tier);
    for (unsigned i = 0; i < endpoints.size(); ++i) {
      each.push_back({.tier = tier, .worker = i + 1, .server = endpoints[i]});
    }
  }
  return each;
}

}  // namespace

HealthService::HealthService(const Settings& settings, const Workers& workers,
                             ZoneStore& zones, Health& health,
                             Metrics& metrics) {
  HttpRoutes routes = health_routes({health, metrics});
  add_zone_page(routes, zones,
                settings.health.debug_remote ? ZonePageAccess::kAnyone
                                             : ZonePageAccess::kLoopback);
  add_index(routes);
  try {
    http_ = std::make_unique<HttpServer>(io_, http_options(settings),
                                         std::move(routes));
  } catch (const std::runtime_error& error) {
    throw ConfigurationError(error.what());  // a port like the others
  }
  metrics.add_source([this](MetricWriter& writer) {
    write_http_metrics(writer, http_->counts());
  });
  probe_ = std::make_unique<SelfProbe>(io_, health, probe_options(settings),
                                       tiers_of(workers));
  worker_probes_ = std::make_unique<WorkerProbes>(
      io_, health, probe_options(settings), each_of(workers));
}

HealthService::~HealthService() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void HealthService::start() {
  probe_->start();
  worker_probes_->start();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "canopy-health");
    while (!io_.stopped()) guarded("health", [this] { io_.run(); });
  });
}

}  // namespace canopy
