// Our counters by the names of kube-dns's sidecar, so that dashboards and
// alerts made for it go on working.  Names without a true count here are left
// out; deploy/README.md lists them.
#pragma once

#include "cache/answer_cache.h"
#include "healthz/health.h"
#include "healthz/metrics.h"
#include "server/workers/workers.h"

namespace canopy {

// Sources for Metrics; each runs on the thread that scrapes.
void write_dnsmasq_metrics(const Workers& workers, const AnswerCache& cache,
                           const CacheLimits& limits, MetricWriter& writer);
// The probes of both tiers, by the labels that kube-dns's manifests give them.
void write_sidecar_probes(const Health& health, MetricWriter& writer);

}  // namespace canopy
