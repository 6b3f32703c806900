// Kubernetes DNS specification 1.1.0, section 2.4: headless Services.
// One case a statement, in our words, with its section's number.
#include <doctest/doctest.h>

#include "tests/support/cluster_zone.h"

using namespace canopy;
using test::ask;
using test::cluster_zone;
using test::reverse_zone;

TEST_CASE("2.4.1: each ready endpoint with an IPv4 address is an A record") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 ready
    endpoint prod/db 10.0.0.8 not-ready
    endpoint prod/db 10.0.0.9 ready
  )");
  CHECK(ask(zone, "db.prod.svc.cluster.local. A") ==
        "NOERROR aa\n"
        "db.prod.svc.cluster.local. 30 IN A 10.0.0.7\n"
        "db.prod.svc.cluster.local. 30 IN A 10.0.0.9\n");
}

TEST_CASE("2.4.1: each ready endpoint with an IPv6 address is an AAAA record") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7
    endpoint prod/db fd00::7
    endpoint prod/db fd00::8 not-ready
  )");
  CHECK(ask(zone, "db.prod.svc.cluster.local. AAAA") ==
        "NOERROR aa\ndb.prod.svc.cluster.local. 30 IN AAAA fd00::7\n");
  CHECK(ask(zone, "db.prod.svc.cluster.local. A") ==
        "NOERROR aa\ndb.prod.svc.cluster.local. 30 IN A 10.0.0.7\n");
}

TEST_CASE("2.4.1: endpoints of one family only leave NODATA for the other") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7
  )");
  CHECK(ask(zone, "db.prod.svc.cluster.local. AAAA")
            .starts_with("NOERROR aa\n; authority\n"));
}

TEST_CASE(
    "2.4.1: a ready endpoint's hostname below the Service has its address") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 hostname=db-0
    endpoint prod/db fd00::7  hostname=db-0
    endpoint prod/db 10.0.0.8 hostname=db-1 not-ready
  )");
  CHECK(ask(zone, "db-0.db.prod.svc.cluster.local. A") ==
        "NOERROR aa\ndb-0.db.prod.svc.cluster.local. 30 IN A 10.0.0.7\n");
  CHECK(ask(zone, "db-0.db.prod.svc.cluster.local. AAAA") ==
        "NOERROR aa\ndb-0.db.prod.svc.cluster.local. 30 IN AAAA fd00::7\n");
  CHECK(ask(zone, "db-1.db.prod.svc.cluster.local. A").starts_with("NXDOMAIN"));
}

TEST_CASE("2.4.1: a hostname with several addresses has a record for each") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 hostname=twin
    endpoint prod/db 10.0.0.8 hostname=twin
  )");
  CHECK(ask(zone, "twin.db.prod.svc.cluster.local. A") ==
        "NOERROR aa\n"
        "twin.db.prod.svc.cluster.local. 30 IN A 10.0.0.7\n"
        "twin.db.prod.svc.cluster.local. 30 IN A 10.0.0.8\n");
}

TEST_CASE("2.4.1: without ready endpoints the name does not exist") {
  for (const std::string_view cluster :
       {"service prod/db headless",
        "service prod/db headless a:1/tcp\n"
        "endpoint prod/db 10.0.0.7 not-ready a:1/tcp"}) {
    const Zone zone = cluster_zone(cluster);
    for (const std::string_view type : {" A", " AAAA", " SRV", " TXT"}) {
      CHECK(ask(zone, "db.prod.svc.cluster.local." + std::string(type))
                .starts_with("NXDOMAIN aa\n; authority\n"));
    }
    CHECK(ask(zone, "_a._tcp.db.prod.svc.cluster.local. SRV")
              .starts_with("NXDOMAIN"));
  }
}

TEST_CASE("2.4.2: each ready endpoint and named port is an SRV record") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless pg:5432/tcp
    endpoint prod/db 10.0.0.7 hostname=db-0 pg:5432/tcp
    endpoint prod/db 10.0.0.8 hostname=db-1 pg:5432/tcp
    endpoint prod/db 10.0.0.9 hostname=db-2 pg:5432/tcp not-ready
  )");
  CHECK(ask(zone, "_pg._tcp.db.prod.svc.cluster.local. SRV") ==
        "NOERROR aa\n"
        "_pg._tcp.db.prod.svc.cluster.local. 30 IN SRV 0 50 5432 "
        "db-0.db.prod.svc.cluster.local.\n"
        "_pg._tcp.db.prod.svc.cluster.local. 30 IN SRV 0 50 5432 "
        "db-1.db.prod.svc.cluster.local.\n"
        "; additional\n"
        "db-0.db.prod.svc.cluster.local. 30 IN A 10.0.0.7\n"
        "db-1.db.prod.svc.cluster.local. 30 IN A 10.0.0.8\n");
}

TEST_CASE("2.4.2: N endpoints and M named ports make N times M records") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 a:1/tcp b:2/udp
    endpoint prod/db 10.0.0.8 a:1/tcp b:2/udp
    endpoint prod/db 10.0.0.9 a:1/tcp b:2/udp
  )");
  std::size_t records = 0;
  for (const std::string_view name : {"_a._tcp", "_b._udp"}) {
    const std::string reply =
        ask(zone, std::string(name) + ".db.prod.svc.cluster.local. SRV");
    for (std::size_t at = 0; (at = reply.find(" SRV ", at)) != reply.npos;
         ++at) {
      ++records;
    }
  }
  CHECK(records == 6);
  CHECK(ask(zone, "_a._udp.db.prod.svc.cluster.local. SRV")
            .starts_with("NXDOMAIN"));
}

TEST_CASE("2.4.2: an unnamed port has no SRV name of its own") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 :5432/tcp
  )");
  CHECK(
      ask(zone, "_tcp.db.prod.svc.cluster.local. SRV").starts_with("NXDOMAIN"));
}

TEST_CASE("2.4.3: the reverse name of an endpoint leads to its hostname") {
  const Zone zone = reverse_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 hostname=db-0
    endpoint prod/db 10.0.0.8 hostname=db-1 not-ready
  )");
  CHECK(ask(zone, "7.0.0.10.in-addr.arpa. PTR") ==
        "NOERROR aa\n"
        "7.0.0.10.in-addr.arpa. 30 IN PTR db-0.db.prod.svc.cluster.local.\n");
  CHECK(ask(zone, "8.0.0.10.in-addr.arpa. PTR").starts_with("NXDOMAIN"));
}

TEST_CASE("2.4.3: an IPv6 endpoint has its reverse name, too") {
  const auto store = test::cluster_store(
      "service prod/db headless\nendpoint prod/db fd00::7 hostname=db-0");
  ZoneStore::Reader reader(*store);
  const std::string owner =
      "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f."
      "ip6.arpa.";
  const Zone* zone = reader.current().closest_to(*Name::from_text(owner));
  REQUIRE(zone != nullptr);
  CHECK(ask(*zone, owner + " PTR") ==
        "NOERROR aa\n" + owner +
            " 30 IN PTR db-0.db.prod.svc.cluster.local.\n");
}
