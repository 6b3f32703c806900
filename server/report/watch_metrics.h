// The state of the cluster watch, as metrics.
#pragma once

#include "healthz/metrics.h"
#include "kubewatch/cluster/watch_status.h"

namespace canopy {

void write_watch_metrics(const kube::WatchStatus& status, kube::WallTime now,
                         MetricWriter& writer);

}  // namespace canopy
