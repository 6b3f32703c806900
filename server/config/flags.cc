#include "server/config/flags.h"

#include <algorithm>
#include <array>
#include <limits>

#include "healthz/configuration_error.h"
#include "server/config/choices.h"
#include "server/config/text_values.h"

namespace canopy {
namespace {

using G = FlagGroup;
using Text = const std::string&;

// RFC 2181 section 8: a TTL has 31 bits.
constexpr NumberRange kTtl = {0, std::numeric_limits<std::int32_t>::max()};

std::uint32_t ttl_value(Text text) {
  return static_cast<std::uint32_t>(number_value(text, kTtl));
}

constexpr std::array kNamings = {
    Choice<UpstreamNaming::Mode>{"auto", UpstreamNaming::Mode::kAuto},
    Choice<UpstreamNaming::Mode>{"always", UpstreamNaming::Mode::kAlways},
    Choice<UpstreamNaming::Mode>{"never", UpstreamNaming::Mode::kNever},
};
constexpr std::array kQueryCases = {
    Choice<QueryCase>{"auto", QueryCase::kAuto},
    Choice<QueryCase>{"always", QueryCase::kAlways},
    Choice<QueryCase>{"never", QueryCase::kNever},
};
constexpr std::array kLogLevels = {
    Choice<std::string_view>{"debug", "debug"},
    Choice<std::string_view>{"info", "info"},
    Choice<std::string_view>{"warning", "warning"},
    Choice<std::string_view>{"error", "error"},
};

std::string number_text(std::uint64_t value) { return std::to_string(value); }

// Returns `otherwise`, the effect of an unset flag, when it is not set.
std::string text_or(bool is_set, std::string_view otherwise) {
  return is_set ? std::string() : std::string(otherwise);
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
  // A shorter limit could end a process that is only slow.
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

std::string nothing(const Settings&) { return {}; }

const std::array kFlags = {
    Flag{"conf", "FILE", "server blocks from this file, as CoreDNS reads it",
         G::kCorefile, [](Settings& s, Text v) { s.corefile = v; }, nothing},

    Flag{"manifests",
         "PATH",
         "file or folder of Kubernetes manifests; repeatable",
         G::kSource,
         [](Settings& s, Text v) { s.source.manifests.push_back(v); },
         nothing,
         {},
         true},
    Flag{"kubeconfig", "FILE", "API server and credentials from this file",
         G::kSource, [](Settings& s, Text v) { s.source.kubeconfig = v; },
         nothing, "kubecfg-file"},
    Flag{"kube-master-url", "URL", "API server, overrides the kubeconfig's",
         G::kSource,
         [](Settings& s, Text v) { s.source.kube_master_url = url_value(v); },
         nothing},
    Flag{"snapshot-file", "PATH",
         "keep the last known cluster here for a warm start", G::kSource,
         [](Settings& s, Text v) { s.source.snapshot_file = v; }, nothing},

    Flag{"dns-bind-address", "ADDR,..", "addresses to listen on", G::kListeners,
         [](Settings& s, Text v) {
           s.listen.addresses = each_value(v, address_value);
         },
         [](const Settings& s) {
           return text_or(!s.listen.addresses.empty(), "all, v4 and v6");
         }},
    Flag{"dns-port", "PORT", "cache tier, UDP and TCP; 0 picks a free port",
         G::kListeners,
         [](Settings& s, Text v) { s.listen.dns_port = port_value(v); },
         [](const Settings& s) { return number_text(s.listen.dns_port); },
         "dns.port,p"},
    Flag{"zone-port", "PORT", "zone tier, UDP and TCP; or \"off\"",
         G::kListeners,
         [](Settings& s, Text v) {
           s.listen.zone_port = zone_port_value(v);
           s.listen.zone_port_is_default = false;
         },
         [](const Settings& s) {
           return s.listen.zone_port ? number_text(*s.listen.zone_port) : "off";
         }},
    Flag{"healthz-port", "PORT", "HTTP: health, readiness, metrics",
         G::kListeners,
         [](Settings& s, Text v) { s.listen.healthz_port = port_value(v); },
         [](const Settings& s) { return number_text(s.listen.healthz_port); }},
    Flag{"client-qps", "N", "queries a second allowed per client",
         G::kListeners,
         [](Settings& s, Text v) {
           s.clients.qps =
               static_cast<std::uint32_t>(number_value(v, {0, 1'000'000'000}));
         },
         [](const Settings& s) {
           return s.clients.qps == 0 ? "no limit" : number_text(s.clients.qps);
         }},
    Flag{"client-ipv6-prefix", "BITS",
         "count external IPv6 clients by this prefix", G::kListeners,
         [](Settings& s, Text v) {
           s.clients.ipv6_prefix =
               static_cast<unsigned>(number_value(v, {48, 128}));
         },
         [](const Settings& s) { return number_text(s.clients.ipv6_prefix); }},
    Flag{"workers", "N", "worker threads", G::kListeners,
         [](Settings& s, Text v) {
           s.workers = static_cast<unsigned>(number_value(v, {1, 256}));
         },
         [](const Settings& s) {
           return text_or(s.workers != 0, "cores the cgroup grants");
         }},

    Flag{"domain", "DOMAIN", "the cluster's domain", G::kCluster,
         [](Settings& s, Text v) { s.records.domain = domain_value(v); },
         [](const Settings& s) { return domain_text(s.records.domain); }},
    Flag{"ttl", "SECONDS", "TTL of cluster records", G::kCluster,
         [](Settings& s, Text v) { s.records.ttl = ttl_value(v); },
         [](const Settings& s) { return number_text(s.records.ttl); }},
    Flag{"negative-ttl", "SECONDS", "TTL of negative answers", G::kCluster,
         [](Settings& s, Text v) { s.records.negative_ttl = ttl_value(v); },
         [](const Settings& s) { return number_text(s.records.negative_ttl); }},
    Flag{"pods", "MODE", "pod records; also: disabled, verified", G::kCluster,
         [](Settings& s, Text v) {
           s.records.pods = choice_value(v, kPodRecords);
         },
         [](const Settings& s) {
           return choice_text(s.records.pods, kPodRecords);
         }},
    Flag{"namespaces", "NS,..", "serve only these namespaces", G::kCluster,
         [](Settings& s, Text v) { s.selection.namespaces = list_items(v); },
         [](const Settings& s) {
           return text_or(!s.selection.namespaces.empty(), "all");
         }},
    Flag{"namespace-labels", "SELECTOR",
         "serve only namespaces with these labels", G::kCluster,
         [](Settings& s, Text v) { s.selection.namespace_labels = v; },
         [](const Settings& s) {
           return text_or(!s.selection.namespace_labels.empty(), "all");
         }},
    Flag{"labels", "SELECTOR", "serve only objects with these labels",
         G::kCluster, [](Settings& s, Text v) { s.selection.labels = v; },
         [](const Settings& s) {
           return text_or(!s.selection.labels.empty(), "all");
         }},
    Flag{"endpoint-pod-names", "",
         "name endpoints without hostname after their pods", G::kCluster,
         [](Settings& s, Text v) {
           s.records.endpoint_pod_names = boolean_value(v);
         },
         nothing},
    Flag{"ignore-empty-service", "",
         "no records for Services without endpoints", G::kCluster,
         [](Settings& s, Text v) {
           s.records.ignore_empty_service = boolean_value(v);
         },
         nothing},
    Flag{"service-cidr", "CIDR",
         "manifests: assign missing clusterIPs from here", G::kCluster,
         [](Settings& s, Text v) { s.source.service_cidr = network_value(v); },
         nothing},

    Flag{"nameservers", "IP[:PORT],..", "upstreams; IPv6 as [::1]:53",
         G::kForwarding,
         [](Settings& s, Text v) {
           s.forward.nameservers = each_value(v, server_value);
         },
         [](const Settings& s) {
           return text_or(!s.forward.nameservers.empty(), "from resolv.conf");
         }},
    Flag{"resolv-conf", "FILE", "read upstreams from this file", G::kForwarding,
         [](Settings& s, Text v) {
           s.forward.resolv_conf = v;
           s.forward.resolv_conf_is_default = false;
         },
         [](const Settings& s) { return s.forward.resolv_conf; }},
    Flag{"config-dir", "DIR", "folder with upstreamNameservers, stubDomains",
         G::kForwarding,
         [](Settings& s, Text v) { s.forward.kube_dns_folder = v; }, nothing},
    Flag{"query-case", "WHEN", "0x20 random case; also: always, never",
         G::kForwarding,
         [](Settings& s, Text v) {
           s.forward.query_case = choice_value(v, kQueryCases);
         },
         [](const Settings& s) {
           return choice_text(s.forward.query_case, kQueryCases);
         }},
    Flag{"ede-upstreams", "WHEN", "upstream IPs in EDE; also: always, never",
         G::kForwarding,
         [](Settings& s, Text v) {
           s.forward.ede_upstreams = choice_value(v, kNamings);
         },
         [](const Settings& s) {
           return choice_text(s.forward.ede_upstreams, kNamings);
         }},
    Flag{"cache-size", "N", "maximum answers in the cache", G::kForwarding,
         [](Settings& s, Text v) {
           s.cache.entries = number_value(v, {0, 100'000'000});
         },
         [](const Settings& s) { return number_text(s.cache.entries); }},
    Flag{"cache-memory", "SIZE", "maximum cache memory; K, M or G",
         G::kForwarding,
         [](Settings& s, Text v) { s.cache.octets = size_value(v); },
         [](const Settings& s) { return size_text(s.cache.octets); }},

    Flag{
        "probe-period", "TIME", "time between probes of both tiers",
        G::kOperation,
        [](Settings& s, Text v) { s.health.probe_period = period_value(v); },
        [](const Settings& s) { return duration_text(s.health.probe_period); }},
    Flag{"probe-latency", "TIME", "treat older probe results as failures",
         G::kOperation,
         [](Settings& s, Text v) { s.health.probe_latency = period_value(v); },
         [](const Settings& s) {
           return duration_text(s.health.probe_latency);
         }},
    Flag{"watchdog", "TIME", "exit if a worker hangs this long; 0: never",
         G::kOperation,
         [](Settings& s, Text v) { s.health.watchdog = watchdog_value(v); },
         [](const Settings& s) { return duration_text(s.health.watchdog); }},
    Flag{"grace-period", "TIME", "after SIGTERM, drain for at most this long",
         G::kOperation,
         [](Settings& s, Text v) { s.drain.grace = duration_value(v); },
         [](const Settings& s) { return duration_text(s.drain.grace); }},
    Flag{"quiet-period", "TIME",
         "end the drain after this long without a query", G::kOperation,
         [](Settings& s, Text v) { s.drain.quiet = duration_value(v); },
         [](const Settings& s) { return duration_text(s.drain.quiet); }},
    Flag{"user", "NAME[:GROUP]", "drop root to this user once ports are bound",
         G::kOperation,
         [](Settings& s, Text v) { s.user = process_user_value(v); }, nothing},
    Flag{"debug-remote", "", "serve /debug paths to other hosts too",
         G::kOperation,
         [](Settings& s, Text v) { s.health.debug_remote = boolean_value(v); },
         nothing},
    Flag{"log-level", "LEVEL", "debug, info, warning or error", G::kOperation,
         [](Settings& s, Text v) { s.log.level = choice_value(v, kLogLevels); },
         [](const Settings& s) { return s.log.level; }},
    Flag{"log-queries", "", "log one line per query", G::kOperation,
         [](Settings& s, Text v) { s.log.queries = boolean_value(v); },
         nothing},
    // glog's verbosity, as in kube-dns's manifests; 4 is the debug level.
    Flag{"v", "N", "kube-dns log verbosity; 4 and above: debug", G::kOperation,
         [](Settings& s, Text v) {
           if (number_value(v, {0, 100}) >= 4) s.log.level = "debug";
         },
         [](const Settings&) { return number_text(0); }},
};

}  // namespace

std::span<const Flag> flags() { return kFlags; }

}  // namespace canopy
