// The table of all directives of CoreDNS.
#include "server/config/corefile_directives.h"

#include "server/config/corefile_words.h"

namespace canopy {
namespace {

void read_loadbalance(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {0, 2});
  if (line.words.size() == 1) return;
  if (line.words[1].text == "round_robin" && line.words.size() == 2) return;
  throw ConfigurationError("\"" + joined_arguments(line) +
                           "\" is not supported; write loadbalance "
                           "round_robin");
}

// reload [INTERVAL] [JITTER].  Changes are noticed at once.
void read_reload(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {0, 2});
  for (const CorefileToken& word : arguments_of(line)) {
    value_of(word, go_duration_value);
  }
  if (line.words.size() > 1 &&
      go_duration_value(line.words[1].text) < std::chrono::seconds(2)) {
    throw ConfigurationError("the interval is at least 2s; write \"reload\"");
  }
  reading.settings.reloads = true;
}

// bufsize [OCTETS]
void read_bufsize(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {0, 1});
  if (line.words.size() == 1) return;
  const auto octets = value_of(line.words[1], [](const std::string& text) {
    return number_value(text, {512, 4096});
  });
  if (octets == 1232) return;
  add_remark(line, reading, "1232 is used, the limit for all answers over UDP");
}

// pprof [ADDRESS]
void read_pprof(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {0, 1});
  add_remark(line, reading, "has no effect: it profiles Go programs");
}

// autopath [ZONE..] @kubernetes|FILE
void read_autopath(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  add_remark(line, reading,
             "has no effect yet: clients walk their search lists, and each "
             "step is answered from memory");
}

constexpr CorefileRow kLoadbalanceRows[] = {
    {.name = "prefer",
     .why_not = "is not supported: the order of addresses is random; remove "
                "the line"},
};
constexpr CorefileTable kLoadbalanceOptions{kLoadbalanceRows};

// Idle connections, slow clients and the queries of a connection are always
// bounded.
constexpr CorefileRow kTimeoutsRows[] = {
    {.name = "read", .read = accept_duration},
    {.name = "write", .read = accept_duration},
    {.name = "idle", .read = accept_duration},
    {.name = "maxtcpqueries", .read = accept_any},
};
constexpr CorefileTable kTimeoutsOptions{kTimeoutsRows};

constexpr std::string_view kOnlyPlainDns =
    "is not supported: queries are only accepted over plain DNS; remove the "
    "directive";
constexpr std::string_view kNoZoneFiles =
    "is not supported: zones are only made from a cluster or manifests; serve "
    "the zone elsewhere and write \"forward ZONE ADDRESS\"";
constexpr std::string_view kNoCloud =
    "is not supported; forward the zone to the provider's DNS servers with "
    "\"forward ZONE ADDRESS\"";

constexpr CorefileRow kRows[] = {
    {.name = "errors",
     .read = read_errors,
     .options = &kErrorsOptions,
     .once = true},
    {.name = "log", .read = read_log, .options = &kLogOptions},
    {.name = "health", .read = read_health, .options = &kHealthOptions},
    {.name = "ready",
     .read = read_ready,
     .options = &kReadyOptions,
     .once = true},
    {.name = "prometheus",
     .read = read_prometheus,
     .options = &kPrometheusOptions,
     .once = true},
    {.name = "kubernetes",
     .read = read_kubernetes,
     .options = &kKubernetesOptions,
     .once = true},
    {.name = "forward", .read = read_forward, .options = &kForwardOptions},
    {.name = "cache",
     .read = read_cache,
     .options = &kCacheOptions,
     .once = true},
    {.name = "hosts",
     .read = read_hosts,
     .options = &kHostsOptions,
     .once = true},
    {.name = "rewrite", .read = read_rewrite, .options = &kRewriteOptions},
    {.name = "bind", .read = read_bind, .options = &kBindOptions},
    // Loops are always detected.
    {.name = "loop", .read = accept_flag, .once = true},
    {.name = "reload", .read = read_reload},
    // Addresses are always in random order.
    {.name = "loadbalance",
     .read = read_loadbalance,
     .options = &kLoadbalanceOptions},
    {.name = "bufsize", .read = read_bufsize},
    {.name = "chaos", .read = read_chaos},
    {.name = "nsid", .read = read_nsid, .once = true},
    {.name = "template", .read = read_template, .options = &kTemplateOptions},
    {.name = "whoami", .read = read_whoami},
    {.name = "autopath", .read = read_autopath},
    {.name = "pprof", .read = read_pprof},
    // What these ask for is always so.
    {.name = "any", .read = accept_flag},
    {.name = "cancel", .read = accept_any},
    {.name = "debug", .read = accept_flag},
    {.name = "metadata", .read = accept_any},
    {.name = "minimal", .read = accept_any},
    {.name = "multisocket", .read = accept_any},
    {.name = "shed", .read = accept_any},
    {.name = "timeouts", .read = accept_flag, .options = &kTimeoutsOptions},

    {.name = "acl",
     .why_not = "is not supported yet; restrict clients with a NetworkPolicy"},
    {.name = "auto", .why_not = kNoZoneFiles},
    {.name = "azure", .why_not = kNoCloud},
    {.name = "clouddns", .why_not = kNoCloud},
    {.name = "dns64",
     .why_not = "is not supported yet; forward to a server that has it"},
    {.name = "dnssec",
     .why_not = "is not supported: answers are not signed; remove it"},
    {.name = "dnstap",
     .why_not = "is not supported; remove it, or write log for one line a "
                "query"},
    {.name = "dynupdate",
     .why_not = "is not supported: zones are read only; remove it"},
    {.name = "erratic", .why_not = "is not supported: it is for tests"},
    {.name = "etcd",
     .why_not = "is not supported; serve the zone elsewhere and write "
                "\"forward ZONE ADDRESS\""},
    {.name = "federation",
     .why_not = "was removed from CoreDNS too, and Kubernetes has no "
                "federations any more; remove it"},
    {.name = "file", .why_not = kNoZoneFiles},
    {.name = "geoip", .why_not = "is not supported; remove it"},
    {.name = "grpc",
     .why_not = "is not supported: queries are only forwarded over plain DNS; "
                "write \"forward ZONE ADDRESS\""},
    {.name = "grpc_server", .why_not = kOnlyPlainDns},
    {.name = "header",
     .why_not = "is not supported: header flags follow the RFCs; remove it"},
    {.name = "https", .why_not = kOnlyPlainDns},
    {.name = "https3", .why_not = kOnlyPlainDns},
    {.name = "k8s_external",
     .why_not = "is not supported yet: only names in the cluster's domain are "
                "made from Services; remove it"},
    {.name = "local",
     .why_not = "is not supported: localhost is resolved by the clients "
                "themselves; remove it"},
    {.name = "nomad", .why_not = "is not supported; remove it"},
    {.name = "on", .why_not = "is not supported: no commands are run"},
    {.name = "proxy",
     .why_not = "was removed from CoreDNS too; write \"forward {}\""},
    {.name = "proxyproto",
     .why_not = "is not supported: clients are known by their address; remove "
                "it"},
    {.name = "quic", .why_not = kOnlyPlainDns},
    {.name = "root",
     .why_not = "is not supported: write files with their folders; remove it"},
    {.name = "route53", .why_not = kNoCloud},
    {.name = "secondary", .why_not = kNoZoneFiles},
    {.name = "sign",
     .why_not = "is not supported: zones are not signed; remove it"},
    {.name = "siit", .why_not = "is not supported; remove it"},
    {.name = "tls", .why_not = kOnlyPlainDns},
    {.name = "trace", .why_not = "is not supported; remove it"},
    {.name = "transfer",
     .why_not = "is not supported yet: zone transfers are refused; remove it"},
    {.name = "tsig",
     .why_not = "is not supported: no updates or transfers are accepted; "
                "remove it"},
    {.name = "view",
     .why_not = "is not supported yet; write server blocks with different "
                "addresses in bind"},
    // Replaced before the directives are read; here for misspellings.
    {.name = "import",
     .why_not = "cannot be used here; write it at the start of a line"},
};

}  // namespace

const CorefileTable kDirectives{kRows};

std::string directives_text() {
  std::string text = "Directives of a Corefile:\n";
  for (const CorefileRow& row : kDirectives.rows) {
    if (row.read == nullptr && row.name != "import") continue;
    text += "  ";
    text += row.name;
    text += '\n';
  }
  return text;
}

}  // namespace canopy
