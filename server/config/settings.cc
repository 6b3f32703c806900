#include "server/config/settings.h"

#include "healthz/configuration_error.h"
#include "server/machine/granted_cores.h"

namespace canopy {
namespace {

bool clash(std::uint16_t a, std::uint16_t b) { return a != 0 && a == b; }

// kube-dns's own manifests set --dns-port to the default of our --zone-port.
// If the operator did not set --zone-port, the zone tier uses a free port.
void give_way(Settings& settings) {
  if (!settings.listen.zone_port_is_default) return;
  const std::uint16_t usual = settings.listen.zone_port.value_or(0);
  const bool is_dns_port = clash(usual, settings.listen.dns_port);
  if (!is_dns_port && !clash(usual, settings.listen.healthz_port)) return;
  settings.listen.zone_port = 0;
  settings.remarks.push_back("the zone tier uses a free port because " +
                             std::to_string(usual) + " is " +
                             (is_dns_port ? "--dns-port" : "--healthz-port") +
                             "; choose another with --zone-port");
}

// Checks flags that are valid one by one but not together.
void check_sources(const Settings& settings) {
  if (!settings.source.manifests.empty() &&
      !(settings.source.kubeconfig.empty() &&
        settings.source.kube_master_url.empty())) {
    throw ConfigurationError(
        "--manifests cannot be combined with --kubeconfig or "
        "--kube-master-url: records come from files or from an API server; "
        "leave one out");
  }
  if (!settings.source.manifests.empty() &&
      !settings.source.snapshot_file.empty()) {
    throw ConfigurationError(
        "--manifests cannot be combined with --snapshot-file: a snapshot is of "
        "an API server's objects; leave --snapshot-file out");
  }
  if (settings.source.service_cidr && settings.source.manifests.empty()) {
    throw ConfigurationError(
        "--service-cidr needs --manifests: an API server assigns addresses to "
        "Services itself; leave it out");
  }
}

void check_ports(const Settings& settings) {
  if (settings.listen.zone_port &&
      clash(*settings.listen.zone_port, settings.listen.dns_port)) {
    throw ConfigurationError(
        "--zone-port: " + std::to_string(*settings.listen.zone_port) +
        " is also --dns-port; choose another, or off");
  }
  if (clash(settings.listen.healthz_port, settings.listen.dns_port) ||
      clash(settings.listen.healthz_port,
            settings.listen.zone_port.value_or(0))) {
    throw ConfigurationError(
        "--healthz-port: " + std::to_string(settings.listen.healthz_port) +
        " is also a DNS port; choose another");
  }
}

}  // namespace

void complete(Settings& settings) {
  check_sources(settings);
  if (settings.workers == 0) settings.workers = granted_cores();
  if (!settings.corefile.empty()) return;
  give_way(settings);
  check_ports(settings);
  settings.http = {{settings.listen.addresses, settings.listen.healthz_port}};
}

}  // namespace canopy
