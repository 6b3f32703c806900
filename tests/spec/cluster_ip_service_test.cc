// Kubernetes DNS specification 1.1.0, section 2.3: Services with a ClusterIP.
// One case a statement, in our words, with its section's number.
#include <doctest/doctest.h>

#include "tests/support/cluster_zone.h"

using namespace canopy;
using test::ask;
using test::cluster_zone;
using test::reverse_zone;

namespace {

constexpr std::string_view kService = R"(
  service prod/web 10.3.0.1 https:443/tcp dns:53/udp :9090/tcp
)";

const std::string kNoData =
    "NOERROR aa\n"
    "; authority\n"
    "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. "
    "2 7200 1800 86400 5\n";

}  // namespace

TEST_CASE("2.3.1: an IPv4 ClusterIP is an A record of the Service's name") {
  CHECK(ask(cluster_zone(kService), "web.prod.svc.cluster.local. A") ==
        "NOERROR aa\nweb.prod.svc.cluster.local. 30 IN A 10.3.0.1\n");
  CHECK(ask(cluster_zone(kService), "web.prod.svc.cluster.local. AAAA") ==
        kNoData);
}

TEST_CASE("2.3.1: an IPv6 ClusterIP is an AAAA record of the Service's name") {
  const Zone zone = cluster_zone("service prod/web 2001:db8::1");
  CHECK(ask(zone, "web.prod.svc.cluster.local. AAAA") ==
        "NOERROR aa\nweb.prod.svc.cluster.local. 30 IN AAAA 2001:db8::1\n");
  CHECK(ask(zone, "web.prod.svc.cluster.local. A") == kNoData);
}

TEST_CASE("2.3.1: with a ClusterIP of each family there are both records") {
  const Zone zone = cluster_zone("service prod/web 10.3.0.1 2001:db8::1");
  CHECK(ask(zone, "web.prod.svc.cluster.local. A") ==
        "NOERROR aa\nweb.prod.svc.cluster.local. 30 IN A 10.3.0.1\n");
  CHECK(ask(zone, "web.prod.svc.cluster.local. AAAA") ==
        "NOERROR aa\nweb.prod.svc.cluster.local. 30 IN AAAA 2001:db8::1\n");
}

TEST_CASE(
    "2.3.2: each named port has an SRV record that leads to the Service") {
  const Zone zone = cluster_zone(kService);
  const std::string additional =
      "; additional\nweb.prod.svc.cluster.local. 30 IN A 10.3.0.1\n";
  CHECK(ask(zone, "_https._tcp.web.prod.svc.cluster.local. SRV") ==
        "NOERROR aa\n"
        "_https._tcp.web.prod.svc.cluster.local. 30 IN SRV 0 100 443 "
        "web.prod.svc.cluster.local.\n" +
            additional);
  CHECK(ask(zone, "_dns._udp.web.prod.svc.cluster.local. SRV") ==
        "NOERROR aa\n"
        "_dns._udp.web.prod.svc.cluster.local. 30 IN SRV 0 100 53 "
        "web.prod.svc.cluster.local.\n" +
            additional);
}

TEST_CASE("2.3.2: port and protocol must both match") {
  const Zone zone = cluster_zone(kService);
  CHECK(ask(zone, "_https._udp.web.prod.svc.cluster.local. SRV")
            .starts_with("NXDOMAIN"));
  CHECK(ask(zone, "_http._tcp.web.prod.svc.cluster.local. SRV")
            .starts_with("NXDOMAIN"));
}

TEST_CASE("2.3.2: an unnamed port has no SRV name of its own") {
  const Zone zone = cluster_zone("service prod/web 10.3.0.1 :9090/tcp");
  CHECK(ask(zone, "_tcp.web.prod.svc.cluster.local. SRV")
            .starts_with("NXDOMAIN"));
  CHECK(ask(zone, "_9090._tcp.web.prod.svc.cluster.local. SRV")
            .starts_with("NXDOMAIN"));
}

TEST_CASE("2.3.2: the additional section may bring the Service's addresses") {
  CHECK(ask(cluster_zone("service prod/web 10.3.0.1 2001:db8::1 a:1/tcp"),
            "_a._tcp.web.prod.svc.cluster.local. SRV")
            .ends_with("; additional\n"
                       "web.prod.svc.cluster.local. 30 IN A 10.3.0.1\n"
                       "web.prod.svc.cluster.local. 30 IN AAAA 2001:db8::1\n"));
}

TEST_CASE("2.3.3: the reverse name of an IPv4 ClusterIP leads to the Service") {
  CHECK(ask(reverse_zone(kService), "1.0.3.10.in-addr.arpa. PTR") ==
        "NOERROR aa\n"
        "1.0.3.10.in-addr.arpa. 30 IN PTR web.prod.svc.cluster.local.\n");
}

TEST_CASE("2.3.3: the reverse name of an IPv6 ClusterIP leads to the Service") {
  const auto store = test::cluster_store("service prod/web 2001:db8::1");
  ZoneStore::Reader reader(*store);
  const std::string owner =
      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
      "ip6.arpa.";
  const Zone* zone = reader.current().closest_to(*Name::from_text(owner));
  REQUIRE(zone != nullptr);
  CHECK(ask(*zone, owner + " PTR") ==
        "NOERROR aa\n" + owner + " 30 IN PTR web.prod.svc.cluster.local.\n");
}
