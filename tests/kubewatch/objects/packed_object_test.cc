#include "kubewatch/objects/packed_object.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kubewatch/objects/octets.h"

using namespace canopy;
using namespace canopy::kube;

namespace {

const ObjectKey kKey{"prod", "db"};

std::vector<Service> services() {
  const std::vector<ServicePort> ports = {{"sql", "TCP", 5432},
                                          {"", "SCTP", 65535},
                                          {"dns", "UDP", 0},
                                          {"x", "ODD", 1},
                                          {"", "", 80}};
  return {
      {kKey, Service::Type::kClusterIp, {}, "", false, {}},
      {kKey,
       Service::Type::kClusterIp,
       {*ip_from_text("10.0.0.1"), *ip_from_text("2001:db8::1")},
       "",
       true,
       ports},
      {kKey, Service::Type::kHeadless, {}, "", true, ports},
      {kKey, Service::Type::kExternalName, {}, "db.example", false, {}},
      {kKey, Service::Type::kExternalName, {}, std::string(255, 'x'), true, {}},
  };
}

std::vector<EndpointSlice> slices() {
  EndpointSlice empty;
  empty.key = kKey;
  EndpointSlice slice = empty;
  slice.service_name = "db";
  slice.last_change_trigger_time = 1714564800.25;
  slice.endpoints = {{*ip_from_text("10.0.0.7"), "a", "db-0", true},
                     {*ip_from_text("10.0.0.8"), "b", "", false},
                     {*ip_from_text("2001:db8::7"), "", "db-2", true},
                     {*ip_from_text("2001:db8::8"), "", "", false}};
  slice.ports = {{"sql", "TCP", 0},
                 {"all", "UDP", std::nullopt},
                 {"", "SCTP", 65535},
                 {"x", "ODD", 65534}};
  return {empty, slice};
}

std::vector<Pod> pods() {
  return {{kKey, {}},
          {kKey, {*ip_from_text("10.0.0.9"), *ip_from_text("2001:db8::9")}}};
}

// An object as it is packed.
struct Packed {
  ObjectKind kind;
  std::string octets;
};

std::string octets_in(const PackedObject& packed) {
  return {reinterpret_cast<const char*>(packed.data()), packed.size()};
}

std::vector<Packed> all_packed() {
  std::vector<Packed> all;
  for (const Service& service : services()) {
    all.push_back({ObjectKind::kService, octets_in(pack(service))});
  }
  for (const EndpointSlice& slice : slices()) {
    all.push_back({ObjectKind::kEndpointSlice, octets_in(pack(slice))});
  }
  for (const Pod& pod : pods()) {
    all.push_back({ObjectKind::kPod, octets_in(pack(pod))});
  }
  return all;
}

bool is_whole(ObjectKind kind, std::string_view octets) {
  return is_packed(kind, PackedObject(octets));
}

PackedObject packed_again(const Object& object) {
  if (const auto* service = std::get_if<Service>(&object)) {
    return pack(*service);
  }
  if (const auto* pod = std::get_if<Pod>(&object)) return pack(*pod);
  return pack(std::get<EndpointSlice>(object));
}

// A Service with one port of this number.
std::string service_with_port(std::uint64_t number) {
  OctetWriter out;
  for (int i = 0; i < 4; ++i) out.octet(0);  // type, flag, name, addresses
  out.count(1);
  out.text("http");
  out.octet(0);
  out.count(number);
  return out.done();
}

// A slice with one port of this number; 0: none.
std::string slice_with_port(std::uint64_t number) {
  OctetWriter out;
  out.text("db");
  out.number(0);
  out.count(1);
  out.text("http");
  out.octet(0);
  out.count(number);
  out.count(0);
  return out.done();
}

}  // namespace

TEST_CASE("objects come out of their octets as they went in") {
  for (const Service& service : services()) {
    CHECK(unpack_service(kKey, pack(service)) == service);
  }
  for (const EndpointSlice& slice : slices()) {
    const EndpointSlice same = unpack_slice(kKey, pack(slice));
    CHECK(same.key == slice.key);
    CHECK(same.same_records(slice));
    CHECK(same.last_change_trigger_time == slice.last_change_trigger_time);
    CHECK(packed_service_name(pack(slice)) == slice.service_name);
  }
  for (const Pod& pod : pods()) CHECK(unpack_pod(kKey, pack(pod)) == pod);
}

TEST_CASE("objects of any kind come out as their kind and with their key") {
  for (const Packed& one : all_packed()) {
    CAPTURE(kind_name(one.kind));
    CHECK(has_packed_form(one.kind));
    REQUIRE(is_whole(one.kind, one.octets));
    const Object object =
        unpack_object(one.kind, kKey, PackedObject(one.octets));
    CHECK(kind_of(object) == one.kind);
    CHECK(key_of(object) == kKey);
    CHECK(octets_in(packed_again(object)) == one.octets);
  }
  CHECK_FALSE(has_packed_form(ObjectKind::kNamespace));
  CHECK_FALSE(is_whole(ObjectKind::kNamespace, ""));
}

TEST_CASE("an endpoint without names costs five octets") {
  EndpointSlice slice;
  slice.service_name = "db";
  const std::size_t empty = pack(slice).size();
  slice.endpoints.assign(100, {*ip_from_text("10.0.0.7"), "", "", true});
  CHECK(pack(slice).size() - empty == 500);
}

TEST_CASE("the same object makes the same octets, and another makes others") {
  for (const Packed& one : all_packed()) {
    for (const Packed& other : all_packed()) {
      const bool same = one.octets == other.octets;
      CHECK((PackedObject(one.octets) == PackedObject(other.octets)) == same);
    }
  }
  CHECK(PackedObject() == PackedObject(""));
  CHECK(PackedObject().empty());
}

TEST_CASE("octets that end too early or too late are no object") {
  for (const Packed& one : all_packed()) {
    CAPTURE(kind_name(one.kind));
    for (std::size_t size = 0; size < one.octets.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(is_whole(one.kind, one.octets.substr(0, size)));
    }
    CHECK_FALSE(is_whole(one.kind, one.octets + '\0'));
  }
}

TEST_CASE("garbled octets are no object, or one that packs as it reads") {
  std::size_t unstable = 0;
  for (const Packed& one : all_packed()) {
    for (std::size_t at = 0; at < one.octets.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string octets = one.octets;
        octets[at] = static_cast<char>(value);
        for (const ObjectKind kind : kAllKinds) {
          const PackedObject packed(octets);
          if (!is_packed(kind, packed)) continue;
          const Object object = unpack_object(kind, kKey, packed);
          const PackedObject again = packed_again(object);
          const Object same = unpack_object(kind, kKey, again);
          unstable += packed_again(same) == again ? 0 : 1;
        }
      }
    }
  }
  CHECK(unstable == 0);
}

TEST_CASE("values that pack() does not write are refused") {
  CHECK(is_whole(ObjectKind::kService, service_with_port(65535)));
  CHECK_FALSE(is_whole(ObjectKind::kService, service_with_port(65536)));
  CHECK(is_whole(ObjectKind::kEndpointSlice, slice_with_port(65536)));
  CHECK_FALSE(is_whole(ObjectKind::kEndpointSlice, slice_with_port(65537)));
  CHECK_FALSE(is_whole(ObjectKind::kService, service_with_port(1ull << 40)));
  // Service: type, flag, length of the name, no address, no port.
  CHECK(is_whole(ObjectKind::kService, std::string("\2\1\0\0\0", 5)));
  CHECK_FALSE(is_whole(ObjectKind::kService, std::string("\3\1\0\0\0", 5)));
  CHECK_FALSE(is_whole(ObjectKind::kService, std::string("\2\2\0\0\0", 5)));
  // Pod: one address, of which family.
  CHECK(is_whole(ObjectKind::kPod, std::string("\1\0\12\0\0\1", 6)));
  CHECK_FALSE(is_whole(ObjectKind::kPod, std::string("\1\2\12\0\0\1", 6)));
}

TEST_CASE("a count of things that are not there makes no room for them") {
  for (const std::uint64_t count :
       {std::uint64_t{2}, std::uint64_t{1} << 20, std::uint64_t{1} << 60,
        ~std::uint64_t{0}}) {
    CAPTURE(count);
    OctetWriter pod;
    pod.count(count);
    pod.octets(Ipv4{10, 0, 0, 1});
    CHECK_FALSE(is_whole(ObjectKind::kPod, pod.done()));
    OctetWriter slice;
    slice.text("db");
    slice.number(0);
    slice.count(0);
    slice.count(count);
    slice.octets(Ipv4{10, 0, 0, 1});
    CHECK_FALSE(is_whole(ObjectKind::kEndpointSlice, slice.done()));
    OctetWriter name;  // the text is longer than the octets
    name.count(count);
    CHECK_FALSE(is_whole(ObjectKind::kEndpointSlice, name.done()));
  }
  CHECK_FALSE(is_whole(ObjectKind::kPod, std::string(16, '\xff')));
}
