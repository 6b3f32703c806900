// The directive kubernetes (coredns.io/plugins/kubernetes).
#include <algorithm>

#include "server/config/choices.h"
#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"
#include "server/config/corefile_zones.h"

namespace canopy {
namespace {

constexpr std::string_view kSourceFlags =
    "--manifests, --kubeconfig or --kube-master-url";
constexpr NumberRange kKubernetesTtl = {0, 3600};  // as in CoreDNS

bool is_reverse(const Name& zone) {
  static const Name v4 = *Name::from_text("in-addr.arpa");
  static const Name v6 = *Name::from_text("ip6.arpa");
  return zone.view().is_subdomain_of(v4) || zone.view().is_subdomain_of(v6);
}

void read_endpoint(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  std::string url = value_of(line.words[1], url_value);
  if (reading.flags_set_source) {
    return add_remark(line, reading,
                      "is ignored because of " + std::string(kSourceFlags));
  }
  reading.settings.source.kube_master_url = std::move(url);
}

void read_kubeconfig(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 2});
  if (line.words.size() > 2) {
    throw ConfigurationError(
        "a context is not supported; set current-context in " +
        line.words[1].text);
  }
  if (reading.flags_set_source) {
    return add_remark(line, reading,
                      "is ignored because of " + std::string(kSourceFlags));
  }
  reading.settings.source.kubeconfig = line.words[1].text;
}

void read_namespaces(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  if (!reading.settings.selection.namespace_labels.empty()) {
    throw ConfigurationError(
        "cannot be combined with namespace_labels; leave one out");
  }
  for (const CorefileToken& word : arguments_of(line)) {
    reading.settings.selection.namespaces.push_back(word.text);
  }
}

void read_namespace_labels(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  if (!reading.settings.selection.namespaces.empty()) {
    throw ConfigurationError(
        "cannot be combined with namespaces; leave one out");
  }
  reading.settings.selection.namespace_labels = joined_arguments(line);
}

void read_labels(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  reading.settings.selection.labels = joined_arguments(line);
}

void read_pods(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 1});
  reading.settings.records.pods = value_of(
      line.words[1],
      [](const std::string& text) { return choice_value(text, kPodRecords); });
}

void read_kubernetes_ttl(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 1});
  RecordOptions& records = reading.settings.records;
  records.ttl = value_of(line.words[1], [](const std::string& text) {
    return static_cast<std::uint32_t>(number_value(text, kKubernetesTtl));
  });
  records.negative_ttl = records.ttl;
}

// Sets `falls` if `from` contains the zone.
void let_fall_through(const Name& zone, const Name& from, bool& falls) {
  if (zone.view().is_subdomain_of(from)) {
    falls = true;
  } else if (from.view().is_subdomain_of(zone)) {
    throw ConfigurationError("\"" + domain_text(from) +
                             "\" is only a part of the zone; write " +
                             domain_text(zone));
  }
}

// fallthrough [ZONE..].  Zones that `kubernetes` does not serve have no effect.
void read_fallthrough(const CorefileLine& line, CorefileReading& reading) {
  RecordOptions& records = reading.settings.records;
  std::vector<Name> zones;
  if (line.words.size() == 1) zones.emplace_back();  // the root: all names
  for (const CorefileToken& word : arguments_of(line)) {
    for (Name& zone : value_of(word, zones_value)) zones.push_back(zone);
  }
  for (const Name& from : zones) {
    let_fall_through(records.domain, from, records.domain_falls_through);
    for (ClusterZone& zone : records.reverse_zones) {
      let_fall_through(zone.apex, from, zone.falls_through);
    }
  }
}

void read_ignore(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 1});
  if (line.words[1].text != "empty_service") {
    throw ConfigurationError("\"" + line.words[1].text +
                             "\" is not empty_service");
  }
  reading.settings.records.ignore_empty_service = true;
}

// Queries are answered during the initial list, and lists are few.
constexpr CorefileRow kKubernetesRows[] = {
    {.name = "endpoint", .read = read_endpoint},
    {.name = "kubeconfig", .read = read_kubeconfig},
    {.name = "namespaces", .read = read_namespaces},
    {.name = "namespace_labels", .read = read_namespace_labels},
    {.name = "labels", .read = read_labels},
    {.name = "pods", .read = read_pods},
    {.name = "endpoint_pod_names",
     .read =
         [](const CorefileLine& line, CorefileReading& r) {
           require_arguments(line, {0, 0});
           r.settings.records.endpoint_pod_names = true;
         }},
    {.name = "ttl", .read = read_kubernetes_ttl},
    {.name = "fallthrough", .read = read_fallthrough},
    {.name = "ignore", .read = read_ignore},
    {.name = "startup_timeout", .read = accept_duration},
    {.name = "apiserver_qps", .read = accept_any},
    {.name = "apiserver_burst", .read = accept_number},
    {.name = "apiserver_max_inflight", .read = accept_number},
    {.name = "tls",
     .why_not = "is not supported; write the certificates into a kubeconfig "
                "file, and \"kubeconfig FILE\" in place of endpoint and tls"},
    {.name = "noendpoints",
     .why_not = "is not supported: endpoints are always served; remove the "
                "line"},
    {.name = "multicluster",
     .why_not = "is not supported yet: ServiceImports are not served; remove "
                "the line"},
    {.name = "zonal",
     .why_not = "is not supported yet: names with _zone are not served; "
                "remove the line"},
    {.name = "upstream",
     .why_not = "was removed from CoreDNS too: targets of ExternalName "
                "Services are always looked up; remove the line"},
    {.name = "resyncperiod",
     .why_not = "was removed from CoreDNS too; remove the line"},
    {.name = "transfer",
     .why_not = "was removed from CoreDNS too, and zone transfers are not "
                "supported; remove the line"},
};

// The directive with its options, to compare it with another one.
std::string text_of(const CorefileLine& line) {
  std::string text = line.name() + ' ' + joined_arguments(line);
  for (const CorefileLine& option : line.block) text += "; " + text_of(option);
  return text;
}

std::vector<Name> kubernetes_zones(const CorefileLine& line,
                                   const ServerBlock& block) {
  std::vector<Name> zones;
  for (const CorefileToken& word : arguments_of(line)) {
    for (Name& zone : value_of(word, zones_value)) zones.push_back(zone);
  }
  if (line.words.size() > 1) return zones;
  zones.reserve(block.keys.size());
  for (const ServerKey& key : block.keys) zones.push_back(key.domain);
  return zones;
}

void set_zones(const std::vector<Name>& zones, RecordOptions& records) {
  const auto domain = std::ranges::find_if_not(zones, is_reverse);
  if (domain == zones.end()) {
    throw ConfigurationError(
        "has no cluster domain; write one such as kubernetes cluster.local");
  }
  records.domain = *domain;
  for (const Name& zone : zones) {
    if (is_reverse(zone)) {
      records.reverse_zones.push_back({zone, false});
    } else if (zone != *domain) {
      throw ConfigurationError(
          "several cluster domains are not supported "
          "yet: " +
          domain_text(*domain) + " and " + domain_text(zone) +
          "; leave one out");
    }
  }
}

void refuse_other_kubernetes(const std::string& text,
                             const CorefileReading& reading) {
  if (reading.kubernetes == text) return;
  throw ConfigurationError(
      "differs from that of another server block, which is not supported; "
      "write the same zones and options in both");
}

}  // namespace

const CorefileTable kKubernetesOptions{kKubernetesRows};

void read_kubernetes(const CorefileLine& line, CorefileReading& reading) {
  const std::vector<Name> zones = kubernetes_zones(line, reading.block);
  std::string text = text_of(line);
  for (const Name& zone : zones) text += ' ' + domain_text(zone);
  reading.block.serves_cluster = true;
  if (reading.settings.serves_cluster) {
    refuse_other_kubernetes(text, reading);
  }
  reading.kubernetes = std::move(text);
  Settings& settings = reading.settings;
  settings.serves_cluster = true;
  settings.records.pods = PodRecords::kDisabled;
  settings.records.ttl = 5;
  settings.records.negative_ttl = 5;
  settings.records.domain_falls_through = false;
  settings.records.reverse_zones.clear();
  settings.selection = {};
  set_zones(zones, settings.records);
}

}  // namespace canopy
