// The counters of workers, cache and zones, as metrics.
#pragma once

#include <cstdint>

#include "cache/answer_cache.h"
#include "healthz/metrics.h"
#include "server/observe/hosts_counts.h"
#include "server/workers/workers.h"
#include "zones/zone_store.h"

namespace canopy {

// Sources for Metrics; each runs on the thread that scrapes.
void write_query_metrics(const Workers& workers, MetricWriter& writer);
void write_cache_metrics(const AnswerCache& cache, const CacheLimits& limits,
                         MetricWriter& writer);
// How often the files of the plan had a new fault.
void write_reload_metrics(std::uint64_t failed, MetricWriter& writer);
void write_zone_metrics(const ZoneSet& zones, MetricWriter& writer);
void write_hosts_metrics(const HostsCounts& counts, MetricWriter& writer);

}  // namespace canopy
