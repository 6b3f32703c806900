// The HTTP server's own metrics.
#pragma once

#include "healthz/http_counts.h"
#include "healthz/metrics.h"

namespace canopy {

void write_http_metrics(MetricWriter& writer, const HttpCounts& counts);

}  // namespace canopy
