// The operator's settings, parsed and checked value by value, and their
// defaults. Plain values; the contents of files are not included.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache_limits.h"
#include "healthz/http_address.h"
#include "server/config/server_block.h"
#include "server/machine/process_user.h"
#include "server/net/address.h"
#include "server/plan/drain_times.h"
#include "server/plan/query_case.h"
#include "server/plan/upstream_text.h"
#include "zones/record_options.h"

namespace canopy {

enum class Command : std::uint8_t {
  kServe,
  kCheck,
  kVersion,
  kHelp,
  kPlugins,  // list the directives of Corefiles
};

// The source of the objects.  No manifests, kubeconfig and URL: the cluster
// this process runs in.
struct SourceSettings {
  std::vector<std::string> manifests;
  std::string kubeconfig;
  std::string kube_master_url;
  std::string snapshot_file;            // empty: no snapshot
  std::optional<Network> service_cidr;  // manifests only; nothing: off

  friend bool operator==(const SourceSettings&,
                         const SourceSettings&) = default;
};

// Selects the objects that become records.  Empty: all objects.
struct SelectionSettings {
  std::vector<std::string> namespaces;
  std::string namespace_labels;  // a label selector
  std::string labels;            // a label selector

  friend bool operator==(const SelectionSettings&,
                         const SelectionSettings&) = default;
};

struct ListenSettings {
  std::vector<Address> addresses;  // empty: all IPv4 and IPv6 addresses
  std::uint16_t dns_port = 53;     // 0: any free port
  // Nothing: off; 0: any free port.
  std::optional<std::uint16_t> zone_port = 10053;
  bool zone_port_is_default = true;
  std::uint16_t healthz_port = 8080;
};

struct ClientSettings {
  std::uint32_t qps = 0;  // 0: no limit
  unsigned ipv6_prefix = 64;
};

struct ForwardSettings {
  std::vector<SocketAddress> nameservers;  // empty: from resolv_conf
  std::string resolv_conf = "/etc/resolv.conf";
  // A missing default file is not an error, because cluster names do not need
  // it.
  bool resolv_conf_is_default = true;
  std::string kube_dns_folder;  // kube-dns's ConfigMap; empty: none
  QueryCase query_case = QueryCase::kAuto;
  UpstreamNaming::Mode ede_upstreams = UpstreamNaming::Mode::kAuto;
};

struct HealthSettings {
  std::chrono::milliseconds probe_period{2'000};
  std::chrono::milliseconds probe_latency{30'000};
  std::chrono::milliseconds watchdog{10'000};  // 0: off
  bool debug_remote = false;
};

struct LogSettings {
  std::string level = "info";  // debug, info, warning or error
  bool queries = false;

  friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

struct Settings {
  Command command = Command::kServe;
  std::string corefile;             // empty: flags alone
  std::vector<ServerBlock> blocks;  // of the Corefile
  bool reloads = true;              // has the directive `reload`
  // Faults of the Corefile, one line each.  Only `check` gets settings with
  // faults.
  std::vector<std::string> faults;
  // False if a Corefile has no directive `kubernetes`.
  bool serves_cluster = true;
  SourceSettings source;
  SelectionSettings selection;
  RecordOptions records;
  ListenSettings listen;
  // Of the Corefile, or computed from flags by complete().
  std::vector<HttpAddress> http;
  ClientSettings clients;
  ForwardSettings forward;
  CacheLimits cache;
  HealthSettings health;
  DrainTimes drain;
  LogSettings log;
  unsigned workers = 0;             // 0: as many as the cgroup grants
  std::optional<ProcessUser> user;  // nothing: no change of user

  // Notes on the given flags for the operator, one line each, logged at level
  // info.
  std::vector<std::string> remarks;
};

// Computes settings that depend on others.  Throws ConfigurationError for
// settings that are valid one by one but not together.
void complete(Settings& settings);

}  // namespace canopy
