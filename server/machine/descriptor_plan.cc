#include "server/machine/descriptor_plan.h"

#include <sys/resource.h>

#include <algorithm>

#include "healthz/configuration_error.h"

namespace canopy {
namespace {

// Descriptors for the health port's connections, and for files: logs,
// manifests, snapshot, watches, the API server's connections, an exec plugin's
// pipes.
constexpr std::size_t kHealth = 64;
constexpr std::size_t kFiles = 32;
// For each worker: epoll, its timer and its wake-up.
constexpr std::size_t kReactor = 3;
// Upstreams in use at a time, including those of stub domains.  More upstreams
// take descriptors from kFiles and from unused connections.
constexpr std::size_t kUpstreams = 4;
constexpr std::size_t kLeastConnections = 8;

// For each upstream (see UpstreamServer): ports in use, twice as many ports
// that wait for late answers, and TCP.
std::size_t upstream_sockets(const DescriptorNeeds& needs, std::size_t ports) {
  return needs.workers * kUpstreams * (3 * ports + 2);
}

ConfigurationError too_few(std::uint64_t limit, std::size_t least) {
  return ConfigurationError("the open file limit is " + std::to_string(limit) +
                            ", but at least " + std::to_string(least) +
                            " are needed: raise the hard limit (ulimit -Hn, "
                            "LimitNOFILE=) or lower --workers");
}

}  // namespace

DescriptorPlan::DescriptorPlan(std::uint64_t limit,
                               const DescriptorNeeds& needs) {
  const std::size_t open =
      needs.listeners + kReactor * needs.workers + kHealth + kFiles;
  const std::size_t least =
      open + upstream_sockets(needs, 1) + kLeastConnections;
  if (limit < least) throw too_few(limit, least);
  const std::size_t rest = limit - open;
  // Upstreams get at most half of the rest, unless they need more.
  ports_per_upstream = needs.ports_per_upstream;
  while (ports_per_upstream > 1 &&
         upstream_sockets(needs, ports_per_upstream) > rest / 2) {
    --ports_per_upstream;
  }
  const std::size_t sockets = upstream_sockets(needs, ports_per_upstream);
  tcp_connections = std::min(needs.tcp_connections, rest - sockets);
  tcp_descriptor_limit = limit - sockets - kFiles;
  if (tcp_connections == needs.tcp_connections &&
      ports_per_upstream == needs.ports_per_upstream) {
    return;
  }
  warning = "the open file limit is " + std::to_string(limit) + ": only " +
            std::to_string(tcp_connections) + " client TCP connections and " +
            std::to_string(ports_per_upstream) +
            " source ports per upstream (instead of " +
            std::to_string(needs.tcp_connections) + " and " +
            std::to_string(needs.ports_per_upstream) +
            "); raise the hard limit (ulimit -Hn, LimitNOFILE=) to " +
            std::to_string(
                open + 2 * upstream_sockets(needs, needs.ports_per_upstream) +
                needs.tcp_connections);
}

FileLimit raise_file_limit() {
  constexpr rlim_t kEnough = 65536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {kEnough, kEnough};
  FileLimit files{limit.rlim_cur, limit.rlim_cur};
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) files.now = limit.rlim_cur;
  return files;
}

}  // namespace canopy
