#include "kubewatch/objects/packed_object.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kubewatch/objects/octets.h"

namespace canopy::kube {

namespace {

// --- parts ----------------------------------------------------------------

// The minimum number of octets of each part.
constexpr std::size_t kLeastAddress = 1 + 4;
constexpr std::size_t kLeastEndpoint = 1 + 4;
constexpr std::size_t kLeastPort = 3;  // name, protocol, number

enum EndpointFlag : unsigned {
  kIpv6 = 1,
  kReady = 2,
  kHostname = 4,
  kPodName = 8,
  kAllFlags = 15,
};

// Reads a value that pack() never writes above `most`.
unsigned read_octet(OctetReader& in, unsigned most) {
  const unsigned value = in.octet();
  if (value > most) in.fail();
  return value;
}

std::uint64_t read_number(OctetReader& in, std::uint64_t most) {
  const std::uint64_t value = in.count();
  if (value > most) in.fail();
  return value;
}

constexpr std::uint64_t kMaxPort = 65535;

void write_octets(OctetWriter& out, const IpAddress& address) {
  std::visit([&](const auto& value) { out.octets(value); }, address);
}

IpAddress read_octets(OctetReader& in, bool ipv6) {
  if (ipv6) return in.octets<Ipv6>();
  return in.octets<Ipv4>();
}

void write_addresses(OctetWriter& out,
                     const std::vector<IpAddress>& addresses) {
  out.count(addresses.size());
  for (const IpAddress& address : addresses) {
    out.octet(address.index() == 1 ? unsigned{kIpv6} : 0u);
    write_octets(out, address);
  }
}

std::vector<IpAddress> read_addresses(OctetReader& in) {
  std::vector<IpAddress> addresses(in.things(kLeastAddress));
  for (IpAddress& address : addresses) {
    address = read_octets(in, read_octet(in, kIpv6) == kIpv6);
  }
  return addresses;
}

// A known protocol takes one octet.
void write_protocol(OctetWriter& out, const std::string& protocol) {
  constexpr const char* kKnown[] = {"TCP", "UDP", "SCTP"};
  for (unsigned i = 0; i < 3; ++i) {
    if (protocol == kKnown[i]) return out.octet(i);
  }
  out.octet(3);
  out.text(protocol);
}

std::string read_protocol(OctetReader& in) {
  constexpr const char* kKnown[] = {"TCP", "UDP", "SCTP"};
  const unsigned index = read_octet(in, 3);
  return index < 3 ? kKnown[index] : std::string(in.text());
}

void write_endpoint(OctetWriter& out, const Endpoint& endpoint) {
  unsigned flags = endpoint.ready ? unsigned{kReady} : 0u;
  if (endpoint.address.index() == 1) flags |= kIpv6;
  if (!endpoint.hostname.empty()) flags |= kHostname;
  if (!endpoint.pod_name.empty()) flags |= kPodName;
  out.octet(flags);
  write_octets(out, endpoint.address);
  if (flags & kHostname) out.text(endpoint.hostname);
  if (flags & kPodName) out.text(endpoint.pod_name);
}

Endpoint read_endpoint(OctetReader& in) {
  Endpoint endpoint;
  const unsigned flags = read_octet(in, kAllFlags);
  endpoint.address = read_octets(in, flags & kIpv6);
  if (flags & kHostname) endpoint.hostname = in.text();
  if (flags & kPodName) endpoint.pod_name = in.text();
  endpoint.ready = flags & kReady;
  return endpoint;
}

Service read_service(OctetReader& in) {
  Service service;
  service.type = static_cast<Service::Type>(
      read_octet(in, static_cast<unsigned>(Service::Type::kExternalName)));
  service.publish_not_ready_addresses = read_octet(in, 1) == 1;
  service.external_name = in.text();
  service.cluster_ips = read_addresses(in);
  service.ports.resize(in.things(kLeastPort));
  for (ServicePort& port : service.ports) {
    port.name = in.text();
    port.protocol = read_protocol(in);
    port.port = static_cast<std::uint16_t>(read_number(in, kMaxPort));
  }
  return service;
}

EndpointSlice read_slice(OctetReader& in) {
  EndpointSlice slice;
  slice.service_name = in.text();
  slice.last_change_trigger_time = in.number();
  slice.ports.resize(in.things(kLeastPort));
  for (EndpointPort& port : slice.ports) {
    port.name = in.text();
    port.protocol = read_protocol(in);
    const std::uint64_t number = read_number(in, kMaxPort + 1);
    if (number > 0) port.port = static_cast<std::uint16_t>(number - 1);
  }
  slice.endpoints.resize(in.things(kLeastEndpoint));
  for (Endpoint& endpoint : slice.endpoints) endpoint = read_endpoint(in);
  return slice;
}

Pod read_pod(OctetReader& in) { return {{}, read_addresses(in)}; }

std::string_view octets_of(const PackedObject& packed) {
  return {reinterpret_cast<const char*>(packed.data()), packed.size()};
}

template <typename Kept>
Kept unpack(Kept (*read)(OctetReader&), ObjectKey&& key,
            const PackedObject& packed) {
  OctetReader in(octets_of(packed));
  Kept object = read(in);
  object.key = std::move(key);
  return object;
}

// By ObjectKind; null for kinds that are not packed.
template <auto read>
Object read_any(OctetReader& in) {
  return read(in);
}
constexpr Object (*kReaders[])(OctetReader&) = {
    nullptr, read_any<read_service>, read_any<read_slice>, read_any<read_pod>};
static_assert(std::size(kReaders) == kObjectKinds);

auto reader_of(ObjectKind kind) {
  return kReaders[static_cast<std::size_t>(kind)];
}

}  // namespace

PackedObject::PackedObject(std::string_view octets)
    : octets_(std::make_unique<std::uint8_t[]>(octets.size())),
      size_(static_cast<std::uint32_t>(octets.size())) {
  // Not memcpy(), because empty `octets` may have a null pointer.
  std::copy(octets.begin(), octets.end(), octets_.get());
}

PackedObject pack(const Service& service) {
  OctetWriter out;
  out.octet(static_cast<unsigned>(service.type));
  out.octet(service.publish_not_ready_addresses);
  out.text(service.external_name);
  write_addresses(out, service.cluster_ips);
  out.count(service.ports.size());
  for (const ServicePort& port : service.ports) {
    out.text(port.name);
    write_protocol(out, port.protocol);
    out.count(port.port);
  }
  return PackedObject(out.done());
}

PackedObject pack(const EndpointSlice& slice) {
  OctetWriter out;
  out.text(slice.service_name);
  out.number(slice.last_change_trigger_time);
  out.count(slice.ports.size());
  for (const EndpointPort& port : slice.ports) {
    out.text(port.name);
    write_protocol(out, port.protocol);
    out.count(port.port ? *port.port + 1u : 0);
  }
  out.count(slice.endpoints.size());
  for (const Endpoint& endpoint : slice.endpoints) {
    write_endpoint(out, endpoint);
  }
  return PackedObject(out.done());
}

std::string packed_service_name(const PackedObject& slice) {
  return std::string(OctetReader(octets_of(slice)).text());
}

PackedObject pack(const Pod& pod) {
  OctetWriter out;
  write_addresses(out, pod.ips);
  return PackedObject(out.done());
}

Service unpack_service(ObjectKey key, const PackedObject& packed) {
  return unpack(read_service, std::move(key), packed);
}

EndpointSlice unpack_slice(ObjectKey key, const PackedObject& packed) {
  return unpack(read_slice, std::move(key), packed);
}

Pod unpack_pod(ObjectKey key, const PackedObject& packed) {
  return unpack(read_pod, std::move(key), packed);
}

bool has_packed_form(ObjectKind kind) { return reader_of(kind) != nullptr; }

bool is_packed(ObjectKind kind, const PackedObject& packed) {
  if (!has_packed_form(kind)) return false;
  OctetReader in(octets_of(packed));
  reader_of(kind)(in);
  return in.ok() && in.at_end();
}

Object unpack_object(ObjectKind kind, ObjectKey key,
                     const PackedObject& packed) {
  OctetReader in(octets_of(packed));
  Object object = reader_of(kind)(in);
  std::visit([&](auto& value) { value.key = std::move(key); }, object);
  return object;
}

}  // namespace canopy::kube
