#include "server/config/flags.h"

#include <array>
#include <limits>

#include "healthz/configuration_error.h"
#include "server/config/option_values.h"

namespace canopy {
namespace {

using G = FlagGroup;
using Text = const std::string&;

// RFC 2181 section 8: a TTL has 31 bits.
constexpr NumberRange kTtl = {0, std::numeric_limits<std::int32_t>::max()};

std::uint32_t ttl_value(Text text) {
  return static_cast<std::uint32_t>(number_value(text, kTtl));
}

PodRecords pods_value(Text text) {
  if (text == "disabled") return PodRecords::kDisabled;
  if (text == "insecure") return PodRecords::kInsecure;
  if (text == "verified") return PodRecords::kVerified;
  throw ConfigurationError("is not one of disabled, insecure or verified");
}

UpstreamNaming::Mode naming_value(Text text) {
  if (text == "auto") return UpstreamNaming::Mode::kAuto;
  if (text == "always") return UpstreamNaming::Mode::kAlways;
  if (text == "never") return UpstreamNaming::Mode::kNever;
  throw ConfigurationError("is not one of auto, always or never");
}

QueryCase case_value(Text text) {
  if (text == "auto") return QueryCase::kAuto;
  if (text == "always") return QueryCase::kAlways;
  if (text == "never") return QueryCase::kNever;
  throw ConfigurationError("is not one of auto, always or never");
}

std::string log_value(Text text) {
  for (const auto level : {"debug", "info", "warning", "error"}) {
    if (text == level) return text;
  }
  throw ConfigurationError("is not one of debug, info, warning or error");
}

std::optional<std::uint16_t> zone_port_value(Text text) {
  if (text == "off") return std::nullopt;
  try {
    return port_value(text);
  } catch (const ConfigurationError& error) {
    throw ConfigurationError(std::string(error.what()) + ", or \"off\"");
  }
}

std::chrono::milliseconds period_value(Text text) {
  const auto period = duration_value(text);
  if (period >= std::chrono::milliseconds(10)) return period;
  throw ConfigurationError("is too short; give at least 10ms");
}

std::chrono::milliseconds watchdog_value(Text text) {
  if (text == "0") return {};
  const auto limit = duration_value(text);
  // Less than a slow moment of a busy machine.
  if (limit == limit.zero() || limit >= std::chrono::seconds(1)) return limit;
  throw ConfigurationError(
      "is too short; give at least 1s, or 0 to turn it off");
}

template <typename Parse>
auto each_value(Text text, Parse parse) {
  std::vector<decltype(parse(std::string_view()))> values;
  for (const std::string& item : list_items(text)) {
    try {
      values.push_back(parse(item));
    } catch (const ConfigurationError& error) {
      throw ConfigurationError("has \"" + item + "\", which " + error.what());
    }
  }
  return values;
}

std::string url_value(Text text) {
  if (text.starts_with("https://") || text.starts_with("http://")) return text;
  throw ConfigurationError(
      "is not a URL; give one such as https://10.0.0.1:6443");
}

const std::array kFlags = {
    Flag{"manifests", "PATH", "",
         "file or folder of Kubernetes manifests; repeatable", G::kSource,
         [](Options& o, Text v) { o.manifests.push_back(v); },
         {}, true},
    Flag{"kubeconfig", "FILE", "", "API server and credentials from this file",
         G::kSource, [](Options& o, Text v) { o.kubeconfig = v; },
         "kubecfg-file"},
    Flag{"kube-master-url", "URL", "",
         "API server, overrides the kubeconfig's", G::kSource,
         [](Options& o, Text v) { o.kube_master_url = url_value(v); }},
    Flag{"snapshot-file", "PATH", "",
         "keep the last known cluster here for a warm start",
         G::kSource, [](Options& o, Text v) { o.snapshot_file = v; }},

    Flag{"dns-bind-address", "ADDR,..", "all, v4 and v6",
         "addresses to listen on", G::kListeners,
         [](Options& o, Text v) {
           o.dns_bind_addresses = each_value(v, address_value);
         }},
    Flag{"dns-port", "PORT", "53",
         "cache tier, UDP and TCP; 0 picks a free port", G::kListeners,
         [](Options& o, Text v) { o.dns_port = port_value(v); }},
    Flag{"zone-port", "PORT", "10053", "zone tier, UDP and TCP; or \"off\"",
         G::kListeners,
         [](Options& o, Text v) {
           o.zone_port = zone_port_value(v);
           o.zone_port_is_default = false;
         }},
    Flag{"healthz-port", "PORT", "8080", "HTTP: health, readiness, metrics",
         G::kListeners,
         [](Options& o, Text v) { o.healthz_port = port_value(v); }},
    Flag{"client-qps", "N", "no limit",
         "queries a second allowed per client", G::kListeners,
         [](Options& o, Text v) {
           o.client_qps = static_cast<std::uint32_t>(
               number_value(v, {0, 1'000'000'000}));
         }},
    Flag{"client-ipv6-prefix", "BITS", "64",
         "count external IPv6 clients by this prefix", G::kListeners,
         [](Options& o, Text v) {
           o.client_ipv6_prefix =
               static_cast<unsigned>(number_value(v, {48, 128}));
         }},
    Flag{"workers", "N", "cores the cgroup grants", "worker threads",
         G::kListeners,
         [](Options& o, Text v) {
           o.workers = static_cast<unsigned>(number_value(v, {1, 256}));
         }},

    Flag{"domain", "DOMAIN", "cluster.local", "the cluster's domain",
         G::kCluster, [](Options& o, Text v) { o.domain = domain_value(v); }},
    Flag{"ttl", "SECONDS", "30", "TTL of cluster records", G::kCluster,
         [](Options& o, Text v) { o.ttl = ttl_value(v); }},
    Flag{"negative-ttl", "SECONDS", "5", "TTL of negative answers",
         G::kCluster, [](Options& o, Text v) { o.negative_ttl = ttl_value(v); }},
    Flag{"pods", "MODE", "insecure",
         "pod records; also: disabled, verified", G::kCluster,
         [](Options& o, Text v) { o.pods = pods_value(v); }},
    Flag{"namespaces", "NS,..", "all", "serve only these namespaces", G::kCluster,
         [](Options& o, Text v) { o.namespaces = list_items(v); }},
    Flag{"namespace-labels", "SELECTOR", "all",
         "serve only namespaces with these labels", G::kCluster,
         [](Options& o, Text v) { o.namespace_labels = v; }},
    Flag{"labels", "SELECTOR", "all", "serve only objects with these labels",
         G::kCluster, [](Options& o, Text v) { o.labels = v; }},
    Flag{"endpoint-pod-names", "", "false",
         "name endpoints without hostname after their pods", G::kCluster,
         [](Options& o, Text v) { o.endpoint_pod_names = boolean_value(v); }},
    Flag{"ignore-empty-service", "", "false",
         "no records for Services without endpoints", G::kCluster,
         [](Options& o, Text v) {
           o.ignore_empty_service = boolean_value(v);
         }},
    Flag{"service-cidr", "CIDR", "",
         "manifests: assign missing clusterIPs from here", G::kCluster,
         [](Options& o, Text v) { o.service_cidr = network_value(v); }},

    Flag{"nameservers", "IP[:PORT],..", "from resolv.conf",
         "upstreams; IPv6 as [::1]:53", G::kForwarding,
         [](Options& o, Text v) {
           o.nameservers = each_value(v, server_value);
         }},
    Flag{"resolv-conf", "FILE", "/etc/resolv.conf", "read upstreams from this file",
         G::kForwarding,
         [](Options& o, Text v) {
           o.resolv_conf = v;
           o.resolv_conf_is_default = false;
         }},
    Flag{"config-dir", "DIR", "", "folder with upstreamNameservers, stubDomains",
         G::kForwarding, [](Options& o, Text v) { o.kube_dns_folder = v; }},
    Flag{"query-case", "WHEN", "auto",
         "0x20 random case; also: always, never",
         G::kForwarding,
         [](Options& o, Text v) { o.query_case = case_value(v); }},
    Flag{"ede-upstreams", "WHEN", "auto",
         "upstream IPs in EDE; also: always, never",
         G::kForwarding,
         [](Options& o, Text v) { o.ede_upstreams = naming_value(v); }},
    Flag{"cache-size", "N", "10000", "maximum answers in the cache", G::kForwarding,
         [](Options& o, Text v) {
           o.cache_size = number_value(v, {0, 100'000'000});
         }},
    Flag{"cache-memory", "SIZE", "32M", "maximum cache memory; K, M or G",
         G::kForwarding,
         [](Options& o, Text v) { o.cache_memory = size_value(v); }},

    Flag{"probe-period", "TIME", "2s", "time between probes of both tiers",
         G::kOperation,
         [](Options& o, Text v) { o.probe_period = period_value(v); }},
    Flag{"probe-latency", "TIME", "30s", "treat older probe results as failures",
         G::kOperation,
         [](Options& o, Text v) { o.probe_latency = period_value(v); }},
    Flag{"watchdog", "TIME", "10s",
         "exit if a worker hangs this long; 0: never", G::kOperation,
         [](Options& o, Text v) { o.watchdog = watchdog_value(v); }},
    Flag{"grace-period", "TIME", "25s",
         "after SIGTERM, drain for at most this long", G::kOperation,
         [](Options& o, Text v) { o.grace_period = duration_value(v); }},
    Flag{"quiet-period", "TIME", "5s",
         "end the drain after this long without a query", G::kOperation,
         [](Options& o, Text v) { o.quiet_period = duration_value(v); }},
    Flag{"user", "NAME[:GROUP]", "",
         "drop root to this user once ports are bound", G::kOperation,
         [](Options& o, Text v) { o.user = process_user_value(v); }},
    Flag{"debug-remote", "", "false", "serve /debug paths to other hosts too",
         G::kOperation,
         [](Options& o, Text v) { o.debug_remote = boolean_value(v); }},
    Flag{"log-level", "LEVEL", "info", "debug, info, warning or error",
         G::kOperation,
         [](Options& o, Text v) { o.log_level = log_value(v); }},
    Flag{"log-queries", "", "false", "log one line per query",
         G::kOperation,
         [](Options& o, Text v) { o.log_queries = boolean_value(v); }},
    // glog's verbosity, as kube-dns manifests set it: 4 is the debug level.
    Flag{"v", "N", "0", "kube-dns log verbosity; 4 and above: debug",
         G::kOperation,
         [](Options& o, Text v) {
           if (number_value(v, {0, 100}) >= 4) o.log_level = "debug";
         }},
};

constexpr std::string_view kLogsToStderr = "log lines always go to stderr";

constexpr std::array kKubeDnsFlags = {
    KubeDnsFlag{"config-map", true,
                "ConfigMaps are not read from the API server; mount it as a "
                "volume and set --config-dir to the folder"},
    KubeDnsFlag{"config-map-namespace", true, "see --config-map"},
    KubeDnsFlag{"config-period", true,
                "the files of --config-dir are read as soon as they change"},
    KubeDnsFlag{"federations", true, "Kubernetes has no federations any more"},
    KubeDnsFlag{"initial-sync-timeout", true,
                "queries are answered during the initial sync; /readyz shows "
                "when it is done"},
    KubeDnsFlag{"profiling", false, "there is no profiling port"},
    KubeDnsFlag{"logtostderr", false, kLogsToStderr},
    KubeDnsFlag{"alsologtostderr", false, kLogsToStderr},
    KubeDnsFlag{"stderrthreshold", true, kLogsToStderr},
    KubeDnsFlag{"log-dir", true, kLogsToStderr},
    KubeDnsFlag{"log-backtrace-at", true, "there are no backtraces"},
    KubeDnsFlag{"log-flush-frequency", true, "log lines are written at once"},
    KubeDnsFlag{"vmodule", true, "--log-level sets the level for all lines"},
};

}  // namespace

std::span<const Flag> flags() { return kFlags; }
std::span<const KubeDnsFlag> kube_dns_flags() { return kKubeDnsFlags; }

}  // namespace canopy
