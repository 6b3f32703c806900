// The pages of the health port, for kubelet, Prometheus and users.
//
// Thread rule: /metrics is made on the page thread, the others on the HTTP
// thread.
#pragma once

#include <functional>

#include "healthz/health.h"
#include "healthz/http_message.h"
#include "healthz/metrics.h"
#include "zones/time_point.h"

namespace canopy {

// The data that the pages show; must outlive the routes.
struct Pages {
  const Health& health;
  const Metrics& metrics;
  std::function<TimePoint()> clock = &std::chrono::steady_clock::now;
};

// /healthz and one page for each tier (exechealthz), /healthcheck/* (the
// sidecar), /readyz, /metrics, each with its aliases.  /health and /ready are
// those of CoreDNS.
HttpRoutes health_routes(const Pages& pages);

// "/": a list of all pages added before.
void add_index(HttpRoutes& routes);

}  // namespace canopy
