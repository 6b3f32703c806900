#include "kubewatch/cluster/cluster_records.h"

#include <algorithm>
#include <bit>

#include "kubewatch/objects/address_text.h"
#include "kubewatch/objects/dns_label.h"
#include "kubewatch/objects/object_limits.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {
namespace {

constexpr std::string_view kSpecificationVersion = "1.1.0";
constexpr std::uint32_t kVersionTtl = 28800;

// `labels`, from left to right, in front of `suffix`.  Nothing when the result
// is not a valid name, for example because a label is over 63 octets.
std::optional<Name> name_below(const Name& suffix,
                               std::initializer_list<std::string_view> labels) {
  Name name;
  for (const std::string_view label : labels) {
    if (!name.append(label)) return std::nullopt;
  }
  if (!name.append(suffix)) return std::nullopt;
  return name;
}

std::optional<Name> service_name(const RecordOptions& options,
                                 const ObjectKey& key) {
  return name_below(options.domain, {key.name, key.namespace_, "svc"});
}

// "tcp" for "TCP"; the API's default is TCP.
std::string lower(std::string_view protocol) {
  std::string text(protocol.empty() ? "tcp" : protocol);
  for (char& c : text)
    c = static_cast<char>(fold(static_cast<std::uint8_t>(c)));
  return text;
}

// Specification 2.3.2: _<port>._<protocol>.<service>.  Nothing for a port whose
// name is empty or not a DNS label: clients refuse names with escaped dots.
std::optional<Name> port_name(const Name& service, std::string_view port,
                              std::string_view protocol) {
  const std::string lowered = lower(protocol);
  if (!is_dns_label(port) || !is_dns_label(lowered)) return std::nullopt;
  return name_below(service, {'_' + std::string(port), '_' + lowered});
}

// "10-0-0-7", "2001-db8--7"; a label must not end in a dash: "2001-db8--0".
std::string dashed(const IpAddress& address) {
  std::string text = canopy::to_text(address);
  if (text.ends_with("::")) text += '0';
  std::ranges::replace_if(
      text, [](char c) { return c == '.' || c == ':'; }, '-');
  return text;
}

// A static pod's name may contain the dots of its node's name.  It is not a
// label then, and the address is used instead.
std::string endpoint_label(const RecordOptions& options,
                           const Endpoint& endpoint) {
  if (is_dns_label(endpoint.hostname)) return endpoint.hostname;
  if (options.endpoint_pod_names && is_dns_label(endpoint.pod_name)) {
    return endpoint.pod_name;
  }
  return dashed(endpoint.address);
}

bool is_served(const Endpoint& endpoint, const Service& service) {
  return endpoint.ready || service.publish_not_ready_addresses;
}

// 100 divided among `count` records, at least 1.
std::uint16_t weight_among(std::size_t count) {
  if (count == 0) return 100;
  return static_cast<std::uint16_t>(std::max<std::size_t>(1, 100 / count));
}

std::pair<std::string, std::string> port_key(const EndpointPort& port) {
  return {port.name, lower(port.protocol)};
}

Record marker(const Name& owner, RrType type, std::uint32_t ttl) {
  return {owner, type, ttl, {}};
}

}  // namespace

std::vector<ZoneOptions> cluster_zones(const RecordOptions& options) {
  std::vector<ZoneOptions> zones;
  const auto add = [&](const Name& apex, bool falls_through) {
    ZoneOptions zone;
    zone.target_suffix = *name_below(options.domain, {"svc"});
    zone.apex = apex;
    zone.primary = *name_below(options.domain, {"ns", "dns"});
    zone.responsible = *name_below(options.domain, {"hostmaster"});
    zone.negative_ttl = options.negative_ttl;
    zone.falls_through = falls_through;
    zones.push_back(zone);
  };
  add(options.domain, options.domain_falls_through);
  for (const ClusterZone& reverse : options.reverse_zones) {
    add(reverse.apex, reverse.falls_through);
  }
  return zones;
}

RecordList domain_records(const RecordOptions& options) {
  const Name server = *name_below(options.domain, {"ns", "dns"});
  return {
      name_record(options.domain, RrType::kNs, options.ttl, server),
      marker(server, RrType::kName, options.ttl),
      txt_record(*name_below(options.domain, {"dns-version"}), kVersionTtl,
                 kSpecificationVersion),
      marker(*name_below(options.domain, {"svc"}), RrType::kName, options.ttl),
      marker(*name_below(options.domain, {"pod"}), RrType::kName, options.ttl),
  };
}

RecordList own_service_records(const RecordOptions& options,
                               const Service& service) {
  const Name server = *name_below(options.domain, {"ns", "dns"});
  RecordList records;
  for (const IpAddress& address : service.cluster_ips) {
    records.push_back(address_record(server, options.ttl, address));
  }
  return records;
}

RecordList namespace_records(const RecordOptions& options,
                             const Namespace& ns) {
  RecordList records;
  if (const auto name = name_below(options.domain, {ns.key.name, "svc"})) {
    records.push_back(marker(*name, RrType::kName, options.ttl));
  }
  const auto pods = name_below(options.domain, {ns.key.name, "pod"});
  if (!pods || options.pods == PodRecords::kDisabled) return records;
  records.push_back(marker(*pods,
                           options.pods == PodRecords::kInsecure
                               ? RrType::kDashedAddresses
                               : RrType::kName,
                           options.ttl));
  return records;
}

RecordList pod_records(const RecordOptions& options, const Pod& pod) {
  RecordList records;
  for (const IpAddress& address : pod.ips) {
    const auto owner = name_below(options.domain,
                                  {dashed(address), pod.key.namespace_, "pod"});
    if (owner) records.push_back(address_record(*owner, options.ttl, address));
  }
  return records;
}

// --- limits of a slice ----------------------------------------------------

std::size_t SrvShare::first_port(const IpAddress& address) const {
  if (stride == 1) return 0;
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  std::visit(
      [&](const auto& octets) {
        for (const std::uint8_t octet : octets) {
          hash = (hash ^ octet) * 0x100000001b3;
        }
      },
      address);
  // In FNV-1a the last octet affects few bits; the final step of MurmurHash3
  // spreads them.
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  return (hash ^ (hash >> 33)) % stride;
}

SrvShare srv_share(const EndpointSlice& slice) {
  // With more ports, the last ones would have no endpoint at all.
  constexpr std::size_t kFew = 16;
  const std::size_t endpoints = slice.endpoints.size();
  SrvShare share;
  share.ports =
      std::min(slice.ports.size(),
               kMaxSrvPairs / std::clamp<std::size_t>(endpoints, 1, kFew));
  const std::size_t pairs = endpoints * share.ports;
  share.stride = std::bit_ceil(
      std::max<std::size_t>(1, (pairs + kMaxSrvPairs - 1) / kMaxSrvPairs));
  return share;
}

std::string slice_left_out(const EndpointSlice& slice) {
  const SrvShare share = srv_share(slice);
  if (share.is_whole(slice)) return {};
  const std::size_t all = slice.endpoints.size() * slice.ports.size();
  const std::size_t kept = slice.endpoints.size() * share.ports / share.stride;
  return "SRV records of about " + std::to_string(all - kept) + " of " +
         std::to_string(all) + " pairs of endpoints and ports";
}

// --- weights --------------------------------------------------------------

void EndpointTotals::add(const EndpointSlice& slice, const Service& service) {
  const auto served = static_cast<std::size_t>(std::ranges::count_if(
      slice.endpoints,
      [&](const Endpoint& endpoint) { return is_served(endpoint, service); }));
  if (served == 0) return;
  ready += served;
  const std::size_t ports = srv_share(slice).ports;
  for (std::size_t i = 0; i < ports; ++i) {
    const EndpointPort& port = slice.ports[i];
    if (!port.port) continue;
    ready_ports += served;
    ready_by_port[port_key(port)] += served;
  }
}

SrvWeights srv_weights(const EndpointTotals& totals) {
  SrvWeights weights;
  weights.bare = weight_among(totals.ready_ports);
  for (const auto& [port, count] : totals.ready_by_port) {
    weights.by_port[port] = weight_among(count);
  }
  return weights;
}

namespace {

// The records of specification 2.3.1 and 2.3.2.
void add_cluster_ip_records(const RecordOptions& options, const Name& name,
                            const Service& service, std::uint16_t bare,
                            RecordList& records) {
  const std::size_t addresses = service.cluster_ips.size();
  for (const IpAddress& address : service.cluster_ips) {
    records.push_back(address_record(name, options.ttl, address));
  }
  if (addresses == 0) return;
  for (const ServicePort& port : service.ports) {
    records.push_back(
        srv_record(name, options.ttl, {0, bare, port.port}, name));
    const auto owner = port_name(name, port.name, port.protocol);
    if (!owner) continue;
    records.push_back(srv_record(
        *owner, options.ttl, {0, weight_among(addresses), port.port}, name));
  }
}

// The CNAME of specification 2.5.
void add_external_name_record(const RecordOptions& options, const Name& name,
                              const Service& service, RecordList& records) {
  const auto target = Name::from_text(service.external_name);
  if (!target || !service_warning(service).empty()) return;
  records.push_back(name_record(name, RrType::kCname, options.ttl, *target));
}

}  // namespace

// Counts as CoreDNS does: ports times addresses, including duplicates.
std::uint16_t bare_weight(const Service& service, std::size_t ports) {
  return weight_among(ports * service.cluster_ips.size());
}

RecordList service_records(const RecordOptions& options, const Service& service,
                           const EndpointTotals& totals,
                           std::optional<std::size_t> all_ports) {
  RecordList records;
  const auto name = service_name(options, service.key);
  if (!name) return records;
  if (service.type == Service::Type::kExternalName) {
    add_external_name_record(options, *name, service, records);
  }
  if (service.type != Service::Type::kClusterIp) return records;
  if (totals.ready > 0 || !options.ignore_empty_service) {
    const std::size_t ports = all_ports.value_or(service.ports.size());
    add_cluster_ip_records(options, *name, service, bare_weight(service, ports),
                           records);
  }
  for (const IpAddress& address : service.cluster_ips) {
    records.push_back(
        name_record(reverse_name(address), RrType::kPtr, options.ttl, *name));
  }
  return records;
}

namespace {

// The data that all endpoints of a slice share.
struct SliceContext {
  const RecordOptions& options;
  const Service& service;
  const EndpointSlice& slice;
  const SrvWeights& weights;
  const Name& service_name;
  const SrvShare share;

  // Visits the ports that have records for the endpoint.
  template <typename Visit>
  void for_each_port(const Endpoint& endpoint, const Visit& visit) const {
    for (std::size_t i = share.first_port(endpoint.address); i < share.ports;
         i += share.stride) {
      visit(slice.ports[i]);
    }
  }
};

// Specification 2.4.1 and 2.4.2: the records of a headless Service come from
// its endpoints.  The name of a port without a number exists, but has no
// records.
void add_headless_records(const SliceContext& context, const Endpoint& endpoint,
                          const Name& name, RecordList& records) {
  const std::uint32_t ttl = context.options.ttl;
  records.push_back(
      address_record(context.service_name, ttl, endpoint.address));
  context.for_each_port(endpoint, [&](const EndpointPort& port) {
    const auto owner =
        port_name(context.service_name, port.name, port.protocol);
    if (!port.port) {
      if (owner) records.push_back(marker(*owner, RrType::kName, ttl));
      return;
    }
    records.push_back(srv_record(context.service_name, ttl,
                                 {0, context.weights.bare, *port.port}, name));
    if (!owner) return;
    const auto weight = context.weights.by_port.find(port_key(port));
    const std::uint16_t share =
        weight == context.weights.by_port.end() ? 1 : weight->second;
    records.push_back(srv_record(*owner, ttl, {0, share, *port.port}, name));
  });
}

void add_endpoint_records(const SliceContext& context, const Endpoint& endpoint,
                          RecordList& records) {
  const std::uint32_t ttl = context.options.ttl;
  const auto name = name_below(context.service_name,
                               {endpoint_label(context.options, endpoint)});
  if (!name) return;
  records.push_back(address_record(*name, ttl, endpoint.address));
  const auto weight = weight_among(static_cast<std::size_t>(std::count_if(
      context.slice.ports.begin(),
      context.slice.ports.begin() +
          static_cast<std::ptrdiff_t>(context.share.ports),
      [](const EndpointPort& port) { return port.port.has_value(); })));
  context.for_each_port(endpoint, [&](const EndpointPort& port) {
    if (!port.port) return;
    records.push_back(srv_record(*name, ttl, {0, weight, *port.port}, *name));
  });
  // The address may also be a ClusterIP, whose PTR then has priority.
  records.push_back(name_record(reverse_name(endpoint.address),
                                RrType::kWeakPtr, ttl, *name));
  if (context.service.type == Service::Type::kHeadless) {
    add_headless_records(context, endpoint, *name, records);
  }
}

}  // namespace

RecordList slice_records(const RecordOptions& options, const Service& service,
                         const EndpointSlice& slice, const SrvWeights& weights,
                         std::optional<SrvShare> share) {
  RecordList records;
  const auto name = service_name(options, service.key);
  if (!name || service.type == Service::Type::kExternalName) return records;
  const SliceContext context{options, service,
                             slice,   weights,
                             *name,   share.value_or(srv_share(slice))};
  for (const Endpoint& endpoint : slice.endpoints) {
    if (is_served(endpoint, service)) {
      add_endpoint_records(context, endpoint, records);
    }
  }
  return records;
}

namespace {

// The API allows 63 octets, but the DNS name has an additional '_'.
std::string port_warning(const Service& service) {
  for (const ServicePort& port : service.ports) {
    const bool is_long = port.name.size() >= kMaxDnsLabel;
    if (port.name.empty() || (!is_long && is_dns_label(port.name))) continue;
    return "Service " + to_text(service.key) + ": port name \"" +
           port.name.substr(0, kMaxDnsLabel) +
           (is_long
                ? "\" is too long for an SRV record; give it at most 62 octets"
                : "\" is not a DNS label, so the port has no SRV record of its "
                  "own");
  }
  return {};
}

}  // namespace

std::string service_warning(const Service& service) {
  if (service.type != Service::Type::kExternalName) {
    return port_warning(service);
  }
  const std::string what = "Service " + to_text(service.key) +
                           ": externalName \"" + shown(service.external_name) +
                           '"';
  if (address_from_text(service.external_name)) {
    return what +
           " is an address and cannot be a CNAME; use a Service without "
           "selector and an EndpointSlice instead";
  }
  if (service.external_name.find_first_of(":/@") != std::string::npos) {
    return what +
           " is not a domain name: give only the host name, no port or URL";
  }
  if (!Name::from_text(service.external_name)) {
    return what + " is not a domain name";
  }
  return {};
}

}  // namespace canopy::kube
