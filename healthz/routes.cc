#include "healthz/routes.h"

#include <spdlog/fmt/fmt.h>

#include <string>
#include <utility>
#include <vector>

#include "healthz/json.h"

namespace canopy {
namespace {

using Tiers = std::vector<Tier>;

HttpResponse plain(unsigned status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpResponse tier_is_off() {
  return plain(404, "the zone tier is off (--zone-port=off)\n");
}

// `good`, or one line for each failing tier.
HttpResponse healthz(const Pages& pages, const Tiers& tiers,
                     const char* good = "ok") {
  std::string failures;
  const TimePoint now = pages.clock();
  for (const Tier tier : tiers) {
    if (!pages.health.has(tier)) continue;
    const Health::Verdict verdict = pages.health.verdict(tier, now);
    if (verdict.ok) continue;
    failures += fmt::format("{}: {}\n", Health::name_of(tier), verdict.error);
  }
  if (failures.empty()) return plain(200, good);
  return plain(503, std::move(failures));
}

// As the sidecar, octet for octet.
HttpResponse healthcheck(const Pages& pages, Tier tier) {
  const Health::Verdict verdict = pages.health.verdict(tier, pages.clock());
  // Rounded only once, so that 481739 ns becomes 0.000481739.
  const double seconds = static_cast<double>(verdict.latency.count()) / 1e9;
  HttpResponse response;
  response.status = verdict.ok ? 200 : 503;
  response.content_type = "application/json";
  json::Writer(response.body)
      .object()
      .key("IsOk")
      .truth(verdict.ok)
      .key("LatencySeconds")
      .number(seconds)
      .key("Err")
      .text(verdict.error)
      .end_object();
  return response;
}

HttpResponse readyz(const Pages& pages, const char* good) {
  const auto reason = pages.health.unready_reason();
  if (!reason) return plain(200, good);
  return plain(503, fmt::format("not ready: {}\n", *reason));
}

HttpResponse metrics(const Pages& pages) {
  HttpResponse response;
  response.content_type = Metrics::kContentType;
  response.body = pages.metrics.text();
  return response;
}

void add_tier(HttpRoutes& routes, const Pages& pages, Tier tier,
              std::string_view alias) {
  const HttpHandler health = [pages, tier](const HttpRequest&) {
    return pages.health.has(tier) ? healthz(pages, {tier}) : tier_is_off();
  };
  const HttpHandler check = [pages, tier](const HttpRequest&) {
    return pages.health.has(tier) ? healthcheck(pages, tier) : tier_is_off();
  };
  for (const std::string_view name : {Health::name_of(tier), alias}) {
    routes.add(fmt::format("/healthz-{}", name), health);
    routes.add(fmt::format("/healthcheck/{}", name), check);
  }
}

}  // namespace

HttpRoutes health_routes(const Pages& pages) {
  HttpRoutes routes;
  const auto add_whole = [&](const char* path, const char* good) {
    routes.add(path, [pages, good](const HttpRequest&) {
      return healthz(pages, {Tier::kCache, Tier::kZone}, good);
    });
  };
  const auto add_readiness = [&](const char* path, const char* good) {
    routes.add(path, [pages, good](const HttpRequest&) {
      return readyz(pages, good);
    });
  };
  add_whole("/healthz", "ok");  // as exechealthz
  add_whole("/health", "OK");   // as CoreDNS
  add_tier(routes, pages, Tier::kCache, "dnsmasq");
  add_tier(routes, pages, Tier::kZone, "kubedns");
  add_readiness("/readyz", "ok\n");
  add_readiness("/readiness", "ok\n");  // as kubedns
  add_readiness("/ready", "OK");        // as CoreDNS
  routes.add(
      "/metrics", [pages](const HttpRequest&) { return metrics(pages); },
      HttpWork::kShared);
  return routes;
}

void add_index(HttpRoutes& routes) {
  std::string list;
  for (const std::string& path : routes.paths()) list += path + "\n";
  routes.add("/", [list](const HttpRequest&) { return plain(200, list); });
}

}  // namespace canopy
