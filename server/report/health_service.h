// The HTTP ports and the self probe, on a thread of their own, so that busy
// workers do not delay them.  Used from the main thread.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>

#include "healthz/health.h"
#include "healthz/http_server.h"
#include "healthz/metrics.h"
#include "healthz/self_probe.h"
#include "healthz/worker_probes.h"
#include "server/config/settings.h"
#include "server/workers/workers.h"
#include "zones/zone_store.h"

namespace canopy {

class HealthService {
 public:
  // Throws ConfigurationError when it cannot listen on a port.  Adds a source
  // to `metrics`.  All arguments must outlive this.
  HealthService(const Settings& settings, const Workers& workers,
                ZoneStore& zones, Health& health, Metrics& metrics);
  ~HealthService();

  void start();
  const HttpServer& http() const { return *http_; }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{io_.get_executor()};
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<SelfProbe> probe_;
  std::unique_ptr<WorkerProbes> worker_probes_;
  std::thread thread_;
};

}  // namespace canopy
