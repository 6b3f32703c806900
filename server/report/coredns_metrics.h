// Our counters by CoreDNS's names, so that dashboards and alerts made for it go
// on working.  Names and labels that have no true count here are left out;
// deploy/README.md lists them.  watch_metrics.h has the name of the plugin
// `kubernetes`.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cache/answer_cache.h"
#include "healthz/metrics.h"
#include "server/config/server_block.h"
#include "server/observe/upstream_counters.h"
#include "server/workers/workers.h"

namespace canopy {

// Sources for Metrics; each runs on the thread that scrapes.
void write_coredns_process_metrics(std::string_view version,
                                   MetricWriter& writer);
void write_coredns_query_metrics(const Workers& workers, MetricWriter& writer);
void write_coredns_cache_metrics(const Workers& workers,
                                 const AnswerCache& cache,
                                 MetricWriter& writer);
void write_coredns_forward_metrics(const ForwardCounts& counts,
                                   MetricWriter& writer);
// How often the files of the plan had a new fault.
void write_coredns_reload_metrics(std::uint64_t failed, MetricWriter& writer);
// The directives of the Corefile's server blocks that answer queries.
void write_coredns_plugins(const std::vector<ServerBlock>& blocks,
                           MetricWriter& writer);

}  // namespace canopy
