#include "healthz/routes.h"

#include <doctest/doctest.h>

#include <string>

namespace canopy {
namespace {

using std::chrono::seconds;

const TimePoint kStart{seconds(1000)};

// Routes at a time of the test's own.
struct Outside {
  explicit Outside(const Health::Options& options = {}) : health(options) {}

  HttpResponse get(std::string_view target) {
    const Pages pages{
        .health = health, .metrics = metrics, .clock = [this] { return now; }};
    HttpRoutes routes = health_routes(pages);
    add_index(routes);
    return routes.respond(request_for(target));
  }

  void answered(Tier tier) {
    health.record(tier, Transport::kUdp,
                  {.when = now, .latency = std::chrono::nanoseconds(481739)});
  }
  void failed(Tier tier, std::string error) {
    health.record(tier, Transport::kUdp,
                  {.when = now, .latency = {}, .error = std::move(error)});
  }

  Health health;
  Metrics metrics;
  TimePoint now = kStart;
};

TEST_CASE("/healthz is ok when both tiers answered their last probe") {
  Outside outside;
  outside.answered(Tier::kCache);
  CHECK(outside.get("/healthz").status == 503);
  CHECK(outside.get("/healthz").body == "zone: waiting for first probe\n");
  outside.answered(Tier::kZone);
  CHECK(outside.get("/healthz").status == 200);
  CHECK(outside.get("/healthz").body == "ok");
}

TEST_CASE("/health is /healthz in CoreDNS's words, also while draining") {
  Outside outside;
  CHECK(outside.get("/health").status == 503);
  CHECK(outside.get("/health").body == outside.get("/healthz").body);
  outside.answered(Tier::kCache);
  outside.answered(Tier::kZone);
  CHECK(outside.get("/health").status == 200);
  CHECK(outside.get("/health").body == "OK");
  outside.health.is_draining();
  outside.now += seconds(3600);
  CHECK(outside.get("/health").status == 200);
  outside.failed(Tier::kZone, "SERVFAIL");
  CHECK(outside.get("/health").status == 503);
}

TEST_CASE("/healthz has a line for each failing tier") {
  Outside outside;
  outside.failed(Tier::kCache, "SERVFAIL");
  outside.answered(Tier::kZone);
  outside.now += seconds(31);
  const HttpResponse response = outside.get("/healthz");
  CHECK(response.status == 503);
  CHECK(response.body ==
        "cache: SERVFAIL, 31.0 s ago\n"
        "zone: latest result too old to be useful: 31.0 s, limit 30 s\n");
}

TEST_CASE("each tier has a page of its own, by both names") {
  Outside outside;
  outside.answered(Tier::kCache);
  outside.failed(Tier::kZone, "NXDOMAIN");
  for (const char* path : {"/healthz-cache", "/healthz-dnsmasq"}) {
    CHECK(outside.get(path).status == 200);
    CHECK(outside.get(path).body == "ok");
  }
  for (const char* path : {"/healthz-zone", "/healthz-kubedns"}) {
    CHECK(outside.get(path).status == 503);
    CHECK(outside.get(path).body == "zone: NXDOMAIN, 0.0 s ago\n");
  }
}

TEST_CASE("/healthcheck speaks the sidecar's JSON") {
  Outside outside;
  for (const char* path : {"/healthcheck/zone", "/healthcheck/kubedns"}) {
    CHECK(outside.get(path).status == 503);
    CHECK(outside.get(path).body == R"({"IsOk":false,"LatencySeconds":0,)"
                                    R"("Err":"waiting for first probe"})");
  }
  outside.answered(Tier::kCache);
  for (const char* path : {"/healthcheck/cache", "/healthcheck/dnsmasq"}) {
    const HttpResponse response = outside.get(path);
    CHECK(response.status == 200);
    CHECK(response.content_type == "application/json");
    CHECK(response.body ==
          R"({"IsOk":true,"LatencySeconds":0.000481739,"Err":""})");
  }
}

TEST_CASE("a tier that is off fails nothing and has no page") {
  Outside outside({.zone_tier = false});
  outside.answered(Tier::kCache);
  CHECK(outside.get("/healthz").status == 200);
  CHECK(outside.get("/healthz-zone").status == 404);
  CHECK(outside.get("/healthcheck/kubedns").status == 404);
}

TEST_CASE("/readyz follows readiness, whatever the probes say") {
  Outside outside;
  outside.health.is_listening();
  for (const char* path : {"/readyz", "/readiness", "/ready"}) {
    CHECK(outside.get(path).status == 503);
    CHECK(outside.get(path).body ==
          "not ready: waiting for the first full sync\n");
  }
  outside.health.data_is_in();
  CHECK(outside.get("/readyz").status == 200);
  CHECK(outside.get("/readyz").body == "ok\n");
  CHECK(outside.get("/readiness").body == "ok\n");
  CHECK(outside.get("/ready").status == 200);
  CHECK(outside.get("/ready").body == "OK");
  outside.health.is_draining();
  CHECK(outside.get("/ready").body == "not ready: shutting down\n");
}

TEST_CASE("/metrics has the content type Prometheus asks for") {
  Outside outside;
  outside.metrics.add_source([](MetricWriter& writer) {
    writer.gauge({"x", "X."}, {}, 1);
  });
  const HttpResponse response = outside.get("/metrics");
  CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(response.body.find("\nx 1\n") != std::string::npos);
}

TEST_CASE("the index lists every page") {
  Outside outside;
  const std::string list = outside.get("/").body;
  for (const char* path : {"/healthz\n", "/health\n", "/readyz\n", "/metrics\n",
                           "/healthcheck/dnsmasq\n", "/healthz-kubedns\n"}) {
    CHECK(list.find(path) != std::string::npos);
  }
  CHECK(outside.get("/quit").status == 404);
}

}  // namespace
}  // namespace canopy
