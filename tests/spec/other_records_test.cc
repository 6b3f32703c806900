// Kubernetes DNS specification 1.1.0: definitions (2.1), the schema version
// (2.2), ExternalNames (2.5), deprecated records (2.6), extensions (3).
// One case a statement, in our words, with its section's number.
#include <doctest/doctest.h>

#include "tests/support/cluster_zone.h"

using namespace canopy;
using test::ask;
using test::cluster_zone;

namespace {

RecordOptions options_with_domain(std::string_view domain) {
  RecordOptions options = test::record_options();
  options.domain = *Name::from_text(domain);
  return options;
}

}  // namespace

TEST_CASE("2.1: the zone is the configured cluster domain") {
  const Zone zone = cluster_zone("service prod/web 10.3.0.1 a:1/tcp",
                                 options_with_domain("k8s.example.org"));
  CHECK(ask(zone, "web.prod.svc.k8s.example.org. A") ==
        "NOERROR aa\nweb.prod.svc.k8s.example.org. 30 IN A 10.3.0.1\n");
  CHECK(ask(zone, "_a._tcp.web.prod.svc.k8s.example.org. SRV")
            .find(" 1 web.prod.svc.k8s.example.org.\n") != std::string::npos);
}

TEST_CASE("2.1: the TTL is the operator's") {
  RecordOptions options = test::record_options();
  options.ttl = 7;
  CHECK(ask(cluster_zone("service prod/web 10.3.0.1", options),
            "web.prod.svc.cluster.local. A") ==
        "NOERROR aa\nweb.prod.svc.cluster.local. 7 IN A 10.3.0.1\n");
}

TEST_CASE("2.1: an endpoint's hostname field is its name") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 hostname=db-0
  )");
  CHECK(ask(zone, "db-0.db.prod.svc.cluster.local. A").starts_with("NOERROR"));
  // It takes the place of the name that we would make.
  CHECK(ask(zone, "10-0-0-7.db.prod.svc.cluster.local. A")
            .starts_with("NXDOMAIN"));
}

TEST_CASE("2.1: an endpoint without hostname has a name that identifies it") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7
    endpoint prod/db 2001:db8::7
    endpoint prod/db 2001:db8::
  )");
  CHECK(ask(zone, "10-0-0-7.db.prod.svc.cluster.local. A") ==
        "NOERROR aa\n10-0-0-7.db.prod.svc.cluster.local. 30 IN A 10.0.0.7\n");
  CHECK(ask(zone, "2001-db8--7.db.prod.svc.cluster.local. AAAA") ==
        "NOERROR aa\n"
        "2001-db8--7.db.prod.svc.cluster.local. 30 IN AAAA 2001:db8::7\n");
  CHECK(ask(zone, "2001-db8--0.db.prod.svc.cluster.local. AAAA") ==
        "NOERROR aa\n"
        "2001-db8--0.db.prod.svc.cluster.local. 30 IN AAAA 2001:db8::\n");
}

TEST_CASE("2.1: all endpoints are ready where the Service publishes unready") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless publish-not-ready
    endpoint prod/db 10.0.0.7 not-ready
  )");
  CHECK(ask(zone, "db.prod.svc.cluster.local. A") ==
        "NOERROR aa\ndb.prod.svc.cluster.local. 30 IN A 10.0.0.7\n");
}

TEST_CASE("2.1: names are compared without regard to case") {
  const Zone zone = cluster_zone("service prod/web 10.3.0.1 HTTP:80/tcp");
  CHECK(ask(zone, "WEB.Prod.SVC.Cluster.LOCAL. A") ==
        "NOERROR aa\nWEB.Prod.SVC.Cluster.LOCAL. 30 IN A 10.3.0.1\n");
  CHECK(ask(zone, "_http._TCP.web.prod.svc.cluster.local. SRV")
            .starts_with("NOERROR aa\n_http._TCP.web"));
}

TEST_CASE("2.2: a TXT record says which version of the schema this is") {
  CHECK(ask(cluster_zone(""), "dns-version.cluster.local. TXT") ==
        "NOERROR aa\ndns-version.cluster.local. 28800 IN TXT \"1.1.0\"\n");
}

TEST_CASE("2.5: an ExternalName is a CNAME record of the Service's name") {
  const Zone zone = cluster_zone(R"(
    service prod/ext external-name www.example.com
    service prod/dot external-name www.example.com.
  )");
  for (const std::string_view type : {" CNAME", " A", " AAAA"}) {
    CHECK(ask(zone, "ext.prod.svc.cluster.local." + std::string(type)) ==
          "NOERROR aa\n"
          "ext.prod.svc.cluster.local. 30 IN CNAME www.example.com.\n");
  }
  CHECK(ask(zone, "dot.prod.svc.cluster.local. CNAME") ==
        "NOERROR aa\n"
        "dot.prod.svc.cluster.local. 30 IN CNAME www.example.com.\n");
}

TEST_CASE(
    "2.6 (deprecated): an address with dashes below pod is that address") {
  const Zone zone = cluster_zone("namespace prod");
  CHECK(ask(zone, "10-3-0-1.prod.pod.cluster.local. A") ==
        "NOERROR aa\n10-3-0-1.prod.pod.cluster.local. 30 IN A 10.3.0.1\n");
  CHECK(
      ask(zone, "256-3-0-1.prod.pod.cluster.local. A").starts_with("NXDOMAIN"));
}

TEST_CASE("3: what is added to the schema takes nothing away from it") {
  // The Service's own name answers for its ports, and keeps its addresses.
  const Zone zone = cluster_zone(R"(
    service  prod/web 10.3.0.1 https:443/tcp
    endpoint prod/web 10.0.0.7 https:8443/tcp
  )");
  CHECK(ask(zone, "web.prod.svc.cluster.local. SRV") ==
        "NOERROR aa\n"
        "web.prod.svc.cluster.local. 30 IN SRV 0 100 443 "
        "web.prod.svc.cluster.local.\n"
        "; additional\n"
        "web.prod.svc.cluster.local. 30 IN A 10.3.0.1\n");
  CHECK(ask(zone, "web.prod.svc.cluster.local. A") ==
        "NOERROR aa\nweb.prod.svc.cluster.local. 30 IN A 10.3.0.1\n");
}
