#include "kubewatch/objects/object_store.h"

#include <doctest/doctest.h>

using namespace canopy;
using namespace canopy::kube;

namespace {

Service a_service() {
  return {{"prod", "db"},
          Service::Type::kClusterIp,
          {*ip_from_text("10.0.0.1"), *ip_from_text("2001:db8::1")},
          "",
          true,
          {{"sql", "TCP", 5432}, {"", "SCTP", 65535}, {"x", "ODD", 0}}};
}

EndpointSlice a_slice(const std::string& name, const std::string& service) {
  EndpointSlice slice;
  slice.key = {"prod", name};
  slice.service_name = service;
  slice.endpoints = {{*ip_from_text("10.0.0.7"), "a", "db-0", true},
                     {*ip_from_text("2001:db8::7"), "", "", false}};
  slice.ports = {{"sql", "TCP", 0}, {"all", "UDP", std::nullopt}};
  slice.last_change_trigger_time = 1714564800.25;
  return slice;
}

std::size_t slices_of(const ObjectStore& store, const ObjectKey& service) {
  std::size_t count = 0;
  store.for_each_slice(service, [&](const EndpointSlice& slice) {
    CHECK(slice.service_name == service.name);
    ++count;
  });
  CHECK(store.slice_count(service) == count);
  return count;
}

}  // namespace

TEST_CASE("a Service knows its slices, whichever came first") {
  ObjectStore store;
  CHECK(store.put(a_slice("db-1", "db"), 1));
  CHECK_FALSE(store.find_service({"prod", "db"}));
  CHECK(store.count(ObjectKind::kService) == 0);
  CHECK(store.put(a_service(), 1));
  CHECK(store.put(a_slice("db-2", "db"), 1));
  CHECK(slices_of(store, {"prod", "db"}) == 2);
  CHECK(store.put(a_slice("db-2", "other"), 1));
  CHECK(slices_of(store, {"prod", "db"}) == 1);
  CHECK(slices_of(store, {"prod", "other"}) == 1);
  CHECK(store.erase(ObjectKind::kService, {"prod", "db"}));
  CHECK(slices_of(store, {"prod", "db"}) == 1);
  CHECK(store.erase(ObjectKind::kEndpointSlice, {"prod", "db-1"}));
  CHECK(store.erase(ObjectKind::kEndpointSlice, {"prod", "db-2"}));
  CHECK_FALSE(store.is_inhabited("prod"));
  for (std::size_t kind = 0; kind < kObjectKinds; ++kind) {
    CHECK(store.count(static_cast<ObjectKind>(kind)) == 0);
  }
}

TEST_CASE("the same object again changes only its origin") {
  ObjectStore store;
  CHECK(store.put(a_service(), 1));
  CHECK_FALSE(store.put(a_service(), 2));
  CHECK(store.origin(ObjectKind::kService, {"prod", "db"}) == 2);
  CHECK(store.put(a_slice("s", "db"), 1));
  CHECK_FALSE(store.put(a_slice("s", "db"), 3));
  CHECK(store.keys_of(ObjectKind::kEndpointSlice, 1).empty());
  CHECK(store.keys_of(ObjectKind::kEndpointSlice, 3).size() == 1);
  CHECK(store.renew(ObjectKind::kEndpointSlice, {"prod", "s"}, 4));
  CHECK(store.keys_of(ObjectKind::kEndpointSlice, 4).size() == 1);
  CHECK_FALSE(store.renew(ObjectKind::kPod, {"prod", "s"}, 4));
}

TEST_CASE("Namespaces are counted apart from what lives in them") {
  ObjectStore store;
  CHECK(store.put(Namespace{{"", "prod"}, {{"a", "b"}}}, 1));
  CHECK_FALSE(store.is_inhabited("prod"));
  REQUIRE(store.namespace_labels("prod"));
  CHECK(store.put(a_service(), 1));
  CHECK(store.erase(ObjectKind::kNamespace, {"", "prod"}));
  CHECK_FALSE(store.erase(ObjectKind::kNamespace, {"", "prod"}));
  CHECK_FALSE(store.namespace_labels("prod"));
  CHECK(store.is_inhabited("prod"));
  CHECK(store.count(ObjectKind::kNamespace) == 0);
}
