#include "kubewatch/cluster/service_addresses.h"

#include <doctest/doctest.h>

#include <string>

using namespace canopy;
using namespace canopy::kube;

namespace {

ServiceCidr cidr(std::string_view network, unsigned prefix) {
  return {*ip_from_text(network), prefix};
}

std::set<ObjectKey> services(int count) {
  std::set<ObjectKey> keys;
  for (int i = 0; i < count; ++i) keys.insert({"a", "s" + std::to_string(i)});
  return keys;
}

std::set<IpAddress> addresses_of(const std::map<ObjectKey, IpAddress>& all) {
  std::set<IpAddress> addresses;
  for (const auto& [key, address] : all) addresses.insert(address);
  return addresses;
}

}  // namespace

TEST_CASE("a Service's address is the same in every process") {
  const auto all =
      allocate_addresses(cidr("10.96.0.0", 12), {{"shop", "web"}}, {});
  CHECK(to_text(all.at({"shop", "web"})) == "10.101.0.202");
  const auto v6 =
      allocate_addresses(cidr("fd00:10:96::", 108), {{"shop", "web"}}, {});
  CHECK(to_text(v6.at({"shop", "web"})).starts_with("fd00:10:96::"));
}

TEST_CASE("no two Services have one address, and none has one that is taken") {
  const ServiceCidr small = cidr("10.0.0.0", 24);
  const auto all = allocate_addresses(small, services(200), {});
  CHECK(all.size() == 200);
  CHECK(addresses_of(all).size() == 200);
  const auto taken = addresses_of(all);
  const auto more = allocate_addresses(small, services(30), taken);
  CHECK(more.size() == 30);
  for (const auto& [key, address] : more) CHECK_FALSE(taken.contains(address));
}

TEST_CASE("low addresses and the last one are left to others") {
  for (const auto& [key, address] :
       allocate_addresses(cidr("10.0.0.0", 24), services(300), {})) {
    const auto last = std::get<Ipv4>(address)[3];
    CHECK(last >= 16);
    CHECK(last < 255);
  }
}

TEST_CASE("a full range gives what it has") {
  CHECK(allocate_addresses(cidr("10.0.0.0", 24), services(500), {}).size() ==
        239);
  CHECK(allocate_addresses(cidr("10.0.0.0", 32), services(5), {}).empty());
  CHECK(allocate_addresses(cidr("fd00::", 127), services(5), {}).empty());
}
