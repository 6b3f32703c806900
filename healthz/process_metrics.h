// Metrics of the process and of its health.
//
// Thread rule: any thread.
#pragma once

#include <string_view>

#include "healthz/health.h"
#include "healthz/metrics.h"
#include "zones/time_point.h"

namespace canopy {

// canopydns_build_info, with the value 1.
void write_build_info(MetricWriter& writer, std::string_view version);

// process_*: names and units as in Prometheus' clients, from /proc.  Values
// that cannot be read are left out.
void write_process_metrics(MetricWriter& writer);

// Internal failures: dropped log lines, and caught exceptions by thread.
void write_fault_metrics(MetricWriter& writer);

// Readiness, verdicts, probe results and latency by tier.
void write_health_metrics(MetricWriter& writer, const Health& health,
                          TimePoint now);

}  // namespace canopy
