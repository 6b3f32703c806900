// The counters of forwarding and of each upstream, as metrics.
#pragma once

#include "healthz/metrics.h"
#include "server/observe/upstream_counters.h"

namespace canopy {

// A source for Metrics; runs on the thread that scrapes.
void write_forward_metrics(const ForwardCounts& counts, MetricWriter& writer);

}  // namespace canopy
