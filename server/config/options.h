// The command line: `canopydns [serve|check|version] [FLAGS]`.  Every flag can
// also be set by the environment variable CANOPYDNS_NAME_IN_CAPITALS; the flag
// wins.  Plain values, parsed and checked; what files say is not looked at.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "healthz/environment.h"
#include "server/machine/process_user.h"
#include "server/net/address.h"
#include "server/plan/query_case.h"
#include "server/plan/upstream_text.h"
#include "zones/name.h"
#include "zones/pod_records.h"

namespace canopy {

enum class Command : std::uint8_t { kServe, kCheck, kVersion, kHelp };

struct Options {
  Command command = Command::kServe;

  // Source.  All empty: in-cluster.
  std::vector<std::string> manifests;
  std::string kubeconfig;
  std::string kube_master_url;
  std::string snapshot_file;  // empty: none

  // Listeners.
  std::vector<Address> dns_bind_addresses;  // empty: all, v4 and v6
  std::uint16_t dns_port = 53;
  std::optional<std::uint16_t> zone_port =
      10053;  // nothing: off; 0: a free one
  bool zone_port_is_default = true;
  std::uint16_t healthz_port = 8080;
  std::uint32_t client_qps = 0;  // 0: no limit
  unsigned client_ipv6_prefix = 64;
  unsigned workers = 0;  // parse_options fills in what the cgroup grants

  // Cluster records.
  Name domain = *Name::from_text("cluster.local");
  std::uint32_t ttl = 30;          // seconds
  std::uint32_t negative_ttl = 5;  // seconds
  PodRecords pods = PodRecords::kInsecure;
  std::vector<std::string> namespaces;  // empty: all
  std::string namespace_labels;         // a selector, as written
  std::string labels;                   // a selector, as written
  bool endpoint_pod_names = false;
  bool ignore_empty_service = false;
  std::optional<Network> service_cidr;  // for manifests; nothing: off

  // Forwarding and cache.
  std::vector<SocketAddress> nameservers;  // empty: from resolv_conf
  std::string resolv_conf = "/etc/resolv.conf";
  bool resolv_conf_is_default = true;
  std::string kube_dns_folder;
  QueryCase query_case = QueryCase::kAuto;
  UpstreamNaming::Mode ede_upstreams = UpstreamNaming::Mode::kAuto;
  std::uint64_t cache_size = 10'000;         // entries
  std::uint64_t cache_memory = 32ull << 20;  // octets

  // Health, log and stop.
  std::optional<ProcessUser> user;  // nothing: who started it
  std::chrono::milliseconds probe_period{2'000};
  std::chrono::milliseconds probe_latency{30'000};
  std::chrono::milliseconds watchdog{10'000};  // 0: off
  std::chrono::milliseconds grace_period{25'000};
  std::chrono::milliseconds quiet_period{5'000};
  bool debug_remote = false;
  std::string log_level = "info";  // debug, info, warning or error
  bool log_queries = false;

  // What an operator should know about flags that were taken: one line each,
  // for the log at level info.
  std::vector<std::string> remarks;
};

// `arguments` without the program's name.  Throws ConfigurationError.
Options parse_options(const std::vector<std::string>& arguments,
                      const Environment& environment = process_environment());

// The text of --help.
std::string help_text();

}  // namespace canopy
