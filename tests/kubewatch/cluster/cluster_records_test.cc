// What the contract settles beyond the specification (tests/spec/).
#include "kubewatch/cluster/cluster_records.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/support/cluster_zone.h"
#include "zones/zone_delta.h"

using namespace canopy;
using test::ask;
using test::cluster_objects;
using test::cluster_zone;
using test::record_options;
using test::records_of;
using test::reverse_zone;

namespace {

const std::string kSoa =
    "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. "
    "2 7200 1800 86400 5\n";
const std::string kNoData = "NOERROR aa\n; authority\n" + kSoa;
const std::string kNxDomain = "NXDOMAIN aa\n; authority\n" + kSoa;

RecordOptions with_pods(PodRecords pods) {
  RecordOptions options = record_options();
  options.pods = pods;
  return options;
}

struct Row {
  std::string_view question;
  std::string answer;
};

template <std::size_t N>
void check(const Zone& zone, const Row (&rows)[N]) {
  for (const Row& row : rows) {
    CAPTURE(row.question);
    CHECK(ask(zone, row.question) == row.answer);
  }
}

}  // namespace

TEST_CASE("names that only lead to others exist without data") {
  const Row rows[] = {
      {"cluster.local. A", kNoData},
      {"cluster.local. TXT", kNoData},
      {"svc.cluster.local. A", kNoData},
      {"pod.cluster.local. A", kNoData},
      {"dns.cluster.local. A", kNoData},
      {"ns.dns.cluster.local. A", kNoData},
      {"dns-version.cluster.local. A", kNoData},
      {"prod.svc.cluster.local. A", kNoData},
      {"empty.svc.cluster.local. TXT", kNoData},
      {"empty.pod.cluster.local. A", kNoData},
      {"_tcp.web.prod.svc.cluster.local. SRV", kNoData},
      {"no.svc.cluster.local. A", kNxDomain},
      {"web.no.svc.cluster.local. A", kNxDomain},
      {"no.pod.cluster.local. A", kNxDomain},
      {"10-0-0-1.no.pod.cluster.local. A", kNxDomain},
      {"no.cluster.local. A", kNxDomain},
      {"web.prod.cluster.local. A", kNxDomain},
      {"*.prod.svc.cluster.local. A", kNxDomain},
      {"any.prod.svc.cluster.local. A", kNxDomain},
      {"http.tcp.web.prod.svc.cluster.local. SRV", kNxDomain},
      {"x.web.prod.svc.cluster.local. A", kNxDomain},
  };
  check(cluster_zone("service prod/web 10.96.0.1 http:80/tcp\n"
                     "namespace empty\n"),
        rows);
}

TEST_CASE("the apex has an SOA and an NS with the address of our Service") {
  const RecordOptions options = record_options();
  const auto objects =
      cluster_objects("service kube-system/dns 10.96.0.10 fd00::a");
  ZoneStore store(kube::cluster_zones(options), 1);
  ZoneStore::Reader reader(store);
  store.edit({{}, kube::domain_records(options)});
  store.edit({{}, kube::own_service_records(options, objects.services[0])});
  store.publish();
  const Zone& zone = *reader.current().closest_to(options.domain);
  CHECK(ask(zone, "cluster.local. NS") ==
        "NOERROR aa\n"
        "cluster.local. 30 IN NS ns.dns.cluster.local.\n"
        "; additional\n"
        "ns.dns.cluster.local. 30 IN A 10.96.0.10\n"
        "ns.dns.cluster.local. 30 IN AAAA fd00::a\n");
  CHECK(ask(zone, "ns.dns.cluster.local. A") ==
        "NOERROR aa\nns.dns.cluster.local. 30 IN A 10.96.0.10\n");
  CHECK(ask(zone, "cluster.local. SOA") == "NOERROR aa\n" + kSoa);
  // Without our own Service the name stays, and says nothing.
  store.edit({kube::own_service_records(options, objects.services[0]), {}});
  store.publish();
  CHECK(ask(*reader.current().closest_to(options.domain),
            "ns.dns.cluster.local. A")
            .starts_with("NOERROR aa\n; authority\n"));
}

TEST_CASE("the negative TTL is the SOA's, and the SOA's minimum") {
  RecordOptions options = record_options();
  options.negative_ttl = 17;
  CHECK(ask(cluster_zone("", options), "cluster.local. SOA")
            .ends_with(" 86400 17\n"));
  CHECK(ask(cluster_zone("", options), "x.cluster.local. A")
            .find("cluster.local. 17 IN SOA") != std::string::npos);
}

TEST_CASE("the zones are the domain and the reverse trees") {
  const auto zones = kube::cluster_zones(record_options());
  REQUIRE(zones.size() == 3);
  CHECK_FALSE(zones[0].falls_through);
  CHECK(zones[1].falls_through);
  CHECK(zones[2].falls_through);
}

TEST_CASE("SRV weights share 100, and are at least 1") {
  CHECK(ask(cluster_zone("service prod/web 10.96.0.1 a:1/tcp b:2/tcp :3/udp"),
            "web.prod.svc.cluster.local. SRV")
            .starts_with("NOERROR aa\n"
                         "web.prod.svc.cluster.local. 30 IN SRV 0 33 1 "
                         "web.prod.svc.cluster.local.\n"
                         "web.prod.svc.cluster.local. 30 IN SRV 0 33 2 "
                         "web.prod.svc.cluster.local.\n"
                         "web.prod.svc.cluster.local. 30 IN SRV 0 33 3 "
                         "web.prod.svc.cluster.local.\n"));
  // CoreDNS counts a port once an address.
  CHECK(ask(cluster_zone("service prod/web 10.96.0.1 fd00::1 a:1/tcp"),
            "_a._tcp.web.prod.svc.cluster.local. SRV")
            .find(" SRV 0 50 1 ") != std::string::npos);
  std::string many = "service prod/db headless\n";
  for (int i = 0; i < 150; ++i) {
    many += "endpoint prod/db 10.0.0." + std::to_string(i) + " a:1/tcp\n";
  }
  CHECK(ask(cluster_zone(many), "_a._tcp.db.prod.svc.cluster.local. SRV")
            .find(" SRV 0 1 1 ") != std::string::npos);
}

TEST_CASE("a headless Service's own name answers for all its ports") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 hostname=db-0 pg:5432/tcp :9187/tcp
    endpoint prod/db 10.0.0.8 hostname=db-1 pg:5432/tcp :9187/tcp
  )");
  const std::string owner = "db.prod.svc.cluster.local. 30 IN SRV 0 25 ";
  CHECK(ask(zone, "db.prod.svc.cluster.local. SRV") ==
        "NOERROR aa\n" + owner + "5432 db-0.db.prod.svc.cluster.local.\n" +
            owner + "5432 db-1.db.prod.svc.cluster.local.\n" + owner +
            "9187 db-0.db.prod.svc.cluster.local.\n" + owner +
            "9187 db-1.db.prod.svc.cluster.local.\n"
            "; additional\n"
            "db-0.db.prod.svc.cluster.local. 30 IN A 10.0.0.7\n"
            "db-1.db.prod.svc.cluster.local. 30 IN A 10.0.0.8\n");
}

TEST_CASE("an endpoint's name answers for the endpoint's ports") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 hostname=db-0 pg:5432/tcp x:9/udp
  )");
  const std::string owner = "db-0.db.prod.svc.cluster.local. 30 IN ";
  CHECK(ask(zone, "db-0.db.prod.svc.cluster.local. SRV") ==
        "NOERROR aa\n" + owner +
            "SRV 0 50 9 db-0.db.prod.svc.cluster.local.\n" + owner +
            "SRV 0 50 5432 db-0.db.prod.svc.cluster.local.\n; additional\n" +
            owner + "A 10.0.0.7\n");
}

TEST_CASE("slices without ports, and ports without numbers, have no SRV") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7
    service  prod/all headless
    endpoint prod/all 10.0.0.8 any:/tcp
  )");
  CHECK(ask(zone, "db.prod.svc.cluster.local. SRV") == kNoData);
  CHECK(ask(zone, "all.prod.svc.cluster.local. SRV") == kNoData);
  // The port's name is known.
  CHECK(ask(zone, "_any._tcp.all.prod.svc.cluster.local. SRV") == kNoData);
  CHECK(ask(zone, "_any._tcp.all.prod.svc.cluster.local. A") == kNoData);
  CHECK(ask(zone, "_any._udp.all.prod.svc.cluster.local. SRV") == kNxDomain);
  CHECK(ask(zone, "_none._tcp.all.prod.svc.cluster.local. SRV") == kNxDomain);
}

TEST_CASE("endpoints of a ClusterIP Service have names and reverse names") {
  constexpr std::string_view kCluster = R"(
    service  prod/web 10.96.0.1 http:80/tcp
    endpoint prod/web 10.0.0.7 http:8080/tcp
    endpoint prod/web 10.0.0.8 http:8080/tcp hostname=web-1
    endpoint prod/web 10.0.0.9 http:8080/tcp not-ready
  )";
  const Zone zone = cluster_zone(kCluster);
  CHECK(ask(zone, "10-0-0-7.web.prod.svc.cluster.local. A") ==
        "NOERROR aa\n"
        "10-0-0-7.web.prod.svc.cluster.local. 30 IN A 10.0.0.7\n");
  CHECK(ask(zone, "web-1.web.prod.svc.cluster.local. SRV")
            .find(" SRV 0 100 8080 web-1.web.prod") != std::string::npos);
  CHECK(ask(zone, "10-0-0-9.web.prod.svc.cluster.local. A") == kNxDomain);
  // The Service itself stays one address.
  CHECK(ask(zone, "web.prod.svc.cluster.local. A") ==
        "NOERROR aa\nweb.prod.svc.cluster.local. 30 IN A 10.96.0.1\n");
  CHECK(ask(reverse_zone(kCluster), "7.0.0.10.in-addr.arpa. PTR") ==
        "NOERROR aa\n7.0.0.10.in-addr.arpa. 30 IN PTR "
        "10-0-0-7.web.prod.svc.cluster.local.\n");
}

TEST_CASE("an address in two slices is one record") {
  const Zone zone = cluster_zone(R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 slice=1 a:1/tcp
    endpoint prod/db 10.0.0.7 slice=2 a:1/tcp
    endpoint prod/db 10.0.0.8 slice=2 a:1/tcp
  )");
  CHECK(ask(zone, "db.prod.svc.cluster.local. A") ==
        "NOERROR aa\n"
        "db.prod.svc.cluster.local. 30 IN A 10.0.0.7\n"
        "db.prod.svc.cluster.local. 30 IN A 10.0.0.8\n");
  // Weights count what slices say.
  CHECK(ask(zone, "_a._tcp.db.prod.svc.cluster.local. SRV")
            .find(" SRV 0 33 1 ") != std::string::npos);
}

TEST_CASE("an address of two Services has two PTRs, and keeps one") {
  const std::string one = "service prod/a headless\nendpoint prod/a 10.0.0.7\n";
  const std::string two = "service prod/b headless\nendpoint prod/b 10.0.0.7\n";
  const auto store = test::cluster_store(one + two);
  ZoneStore::Reader reader(*store);
  const auto answer = [&reader] {
    const Name name = *Name::from_text("7.0.0.10.in-addr.arpa");
    return ask(*reader.current().closest_to(name), name.to_text() + " PTR");
  };
  const std::string ptr = "7.0.0.10.in-addr.arpa. 30 IN PTR 10-0-0-7.";
  CHECK(answer() == "NOERROR aa\n" + ptr + "a.prod.svc.cluster.local.\n" + ptr +
                        "b.prod.svc.cluster.local.\n");
  test::replace_cluster(*store, one + two, two);
  CHECK(answer() == "NOERROR aa\n" + ptr + "b.prod.svc.cluster.local.\n");
}

TEST_CASE(
    "an address that is a ClusterIP is the Service's, not an endpoint's") {
  const std::string service = "service prod/web 10.0.0.7\n";
  const std::string endpoints =
      "service prod/db headless\nendpoint prod/db 10.0.0.7\n"
      "endpoint prod/db 10.0.0.8\nservice prod/b headless\n"
      "endpoint prod/b 10.0.0.7\n";
  const auto store = test::cluster_store(service + endpoints);
  ZoneStore::Reader reader(*store);
  const auto answer = [&reader](const std::string& question) {
    const Name name = *Name::from_text("10.in-addr.arpa");
    return ask(*reader.current().closest_to(name), question);
  };
  const std::string ptr = "7.0.0.10.in-addr.arpa. 30 IN PTR ";
  const std::string its =
      "NOERROR aa\n" + ptr + "web.prod.svc.cluster.local.\n";
  CHECK(answer("7.0.0.10.in-addr.arpa. PTR") == its);
  CHECK(answer("7.0.0.10.in-addr.arpa. ANY") == its);
  CHECK(answer("8.0.0.10.in-addr.arpa. ANY") ==
        "NOERROR aa\n8.0.0.10.in-addr.arpa. 30 IN PTR "
        "10-0-0-8.db.prod.svc.cluster.local.\n");
  // What zones keep beside it is not for clients.
  CHECK(answer("8.0.0.10.in-addr.arpa. TYPE65281")
            .starts_with("NOERROR aa\n; authority\n"));
  test::replace_cluster(*store, service + endpoints, endpoints);
  CHECK(answer("7.0.0.10.in-addr.arpa. PTR") ==
        "NOERROR aa\n" + ptr + "10-0-0-7.b.prod.svc.cluster.local.\n" + ptr +
            "10-0-0-7.db.prod.svc.cluster.local.\n");
}

TEST_CASE("what is no DNS label becomes none") {
  RecordOptions options = record_options();
  options.endpoint_pod_names = true;
  kube::Service service;
  service.key = {"prod", "db"};
  service.type = kube::Service::Type::kHeadless;
  kube::EndpointSlice slice;
  slice.ports = {{"a.b", "TCP", 80}, {"ok", "T.P", 81}, {"ok", "TCP", 82}};
  for (const std::string name :
       {"etcd-ip-10-0-0-1.ec2.internal", "-a", "a_b"}) {
    CAPTURE(name);
    for (const bool is_hostname : {true, false}) {
      kube::Endpoint endpoint{*ip_from_text("10.0.0.7"), "", "", true};
      (is_hostname ? endpoint.hostname : endpoint.pod_name) = name;
      slice.endpoints = {endpoint};
      const RecordList records = slice_records(options, service, slice, {});
      std::set<std::string> owners;
      for (std::size_t i = 0; i < records.size(); ++i) {
        owners.insert(records[i].owner.to_text());
      }
      CHECK(owners ==
            std::set<std::string>{"db.prod.svc.cluster.local.",
                                  "10-0-0-7.db.prod.svc.cluster.local.",
                                  "_ok._tcp.db.prod.svc.cluster.local.",
                                  "7.0.0.10.in-addr.arpa."});
    }
  }
}

TEST_CASE("with --endpoint-pod-names the pod's name comes before the address") {
  constexpr std::string_view kCluster = R"(
    service  prod/db headless
    endpoint prod/db 10.0.0.7 pod=db-x1
    endpoint prod/db 10.0.0.8 pod=db-x2 hostname=named
    endpoint prod/db 10.0.0.9
  )";
  RecordOptions options = record_options();
  CHECK(ask(cluster_zone(kCluster, options),
            "db-x1.db.prod.svc.cluster.local. A") == kNxDomain);
  options.endpoint_pod_names = true;
  const Zone zone = cluster_zone(kCluster, options);
  const Row rows[] = {
      {"db-x1.db.prod.svc.cluster.local. A",
       "NOERROR aa\ndb-x1.db.prod.svc.cluster.local. 30 IN A 10.0.0.7\n"},
      {"named.db.prod.svc.cluster.local. A",
       "NOERROR aa\nnamed.db.prod.svc.cluster.local. 30 IN A 10.0.0.8\n"},
      {"10-0-0-9.db.prod.svc.cluster.local. A",
       "NOERROR aa\n10-0-0-9.db.prod.svc.cluster.local. 30 IN A 10.0.0.9\n"},
      {"10-0-0-7.db.prod.svc.cluster.local. A", kNxDomain},
      {"db-x2.db.prod.svc.cluster.local. A", kNxDomain},
  };
  check(zone, rows);
  // A pod's name may be longer than a label.
  const std::string longer(64, 'p');
  CHECK(ask(cluster_zone("service prod/db headless\n"
                         "endpoint prod/db 10.0.0.7 pod=" +
                             longer,
                         options),
            "10-0-0-7.db.prod.svc.cluster.local. A")
            .starts_with("NOERROR aa\n10-0-0-7"));
}

TEST_CASE("a ClusterIP Service without endpoints answers, unless ignored") {
  constexpr std::string_view kCluster = R"(
    service  prod/idle 10.96.0.1 http:80/tcp
    service  prod/busy 10.96.0.2 http:80/tcp
    endpoint prod/busy 10.0.0.7 http:80/tcp
    service  prod/soon 10.96.0.3 http:80/tcp
    endpoint prod/soon 10.0.0.8 http:80/tcp not-ready
    service  prod/ext  external-name www.example.com
  )";
  RecordOptions options = record_options();
  CHECK(ask(cluster_zone(kCluster, options), "idle.prod.svc.cluster.local. A")
            .starts_with("NOERROR aa\nidle"));
  options.ignore_empty_service = true;
  const Zone zone = cluster_zone(kCluster, options);
  CHECK(ask(zone, "idle.prod.svc.cluster.local. A") == kNxDomain);
  CHECK(ask(zone, "_http._tcp.idle.prod.svc.cluster.local. SRV") == kNxDomain);
  CHECK(ask(zone, "soon.prod.svc.cluster.local. A") == kNxDomain);
  CHECK(ask(zone, "busy.prod.svc.cluster.local. A")
            .starts_with("NOERROR aa\nbusy"));
  CHECK(ask(zone, "ext.prod.svc.cluster.local. CNAME")
            .starts_with("NOERROR aa\next"));
  // As in CoreDNS its address still has a name.
  CHECK(ask(reverse_zone(kCluster, options), "1.0.96.10.in-addr.arpa. PTR")
            .starts_with("NOERROR aa\n1.0.96.10"));
}

TEST_CASE("pod names, by --pods") {
  constexpr std::string_view kCluster = "pod prod/a 10.0.0.7 2001:db8::7\n";
  const std::string four =
      "NOERROR aa\n10-0-0-7.prod.pod.cluster.local. 30 IN A 10.0.0.7\n";
  const std::string six =
      "NOERROR aa\n"
      "2001-db8--7.prod.pod.cluster.local. 30 IN AAAA 2001:db8::7\n";
  const Row insecure[] = {
      {"10-0-0-7.prod.pod.cluster.local. A", four},
      {"2001-db8--7.prod.pod.cluster.local. AAAA", six},
      {"10-0-0-7.prod.pod.cluster.local. AAAA", kNoData},
      {"10-0-0-7.prod.pod.cluster.local. SRV", kNoData},
      {"1-2-3-4.prod.pod.cluster.local. A",
       "NOERROR aa\n1-2-3-4.prod.pod.cluster.local. 30 IN A 1.2.3.4\n"},
      {"x.10-0-0-7.prod.pod.cluster.local. A", kNxDomain},
      {"1-2-3.prod.pod.cluster.local. A", kNxDomain},
      {"10-0-0-7.no.pod.cluster.local. A", kNxDomain},
      {"10-0-0-7.pod.cluster.local. A", kNxDomain},
      {"10-0-0-7.prod.svc.cluster.local. A", kNxDomain},
      {"prod.pod.cluster.local. A", kNoData},
  };
  check(cluster_zone(kCluster, with_pods(PodRecords::kInsecure)), insecure);
  const Row verified[] = {
      {"10-0-0-7.prod.pod.cluster.local. A", four},
      {"2001-db8--7.prod.pod.cluster.local. AAAA", six},
      {"1-2-3-4.prod.pod.cluster.local. A", kNxDomain},
      {"prod.pod.cluster.local. A", kNoData},
  };
  check(cluster_zone(kCluster, with_pods(PodRecords::kVerified)), verified);
  const Row disabled[] = {
      {"10-0-0-7.prod.pod.cluster.local. A", kNxDomain},
      {"prod.pod.cluster.local. A", kNxDomain},
      {"pod.cluster.local. A", kNoData},
      {"prod.svc.cluster.local. A", kNoData},
  };
  check(cluster_zone(kCluster, with_pods(PodRecords::kDisabled)), disabled);
}

TEST_CASE("an ExternalName that is no name has no record and one warning") {
  struct Case {
    std::string_view target;
    std::string_view warning;  // part of it; empty: none
  };
  const Case cases[] = {
      {"www.example.com", ""},          {"10.0.0.1", "is an address"},
      {"2001:db8::1", "is an address"}, {"a..b", "is not a domain name"},
      {"", "is not a domain name"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.target);
    kube::Service service;
    service.key = {"prod", "ext"};
    service.type = kube::Service::Type::kExternalName;
    service.external_name = one.target;
    const std::string warning = kube::service_warning(service);
    CHECK(warning.empty() == one.warning.empty());
    CHECK(warning.find(one.warning) != std::string::npos);
    if (!warning.empty()) {
      CHECK(warning.find("prod/ext") != std::string::npos);
    }
    CHECK(kube::service_records(record_options(), service, {}).empty() ==
          !one.warning.empty());
  }
  CHECK(kube::service_warning(kube::Service{}).empty());
  CHECK(ask(cluster_zone("service prod/ext external-name 10.0.0.1"),
            "ext.prod.svc.cluster.local. A") == kNxDomain);
}

TEST_CASE("an ExternalName has no endpoints, ports or reverse names") {
  constexpr std::string_view kCluster = R"(
    service  prod/ext external-name www.example.com http:80/tcp
    endpoint prod/ext 10.0.0.7 http:80/tcp
  )";
  const Zone zone = cluster_zone(kCluster);
  CHECK(ask(zone, "_http._tcp.ext.prod.svc.cluster.local. SRV") == kNxDomain);
  CHECK(ask(zone, "10-0-0-7.ext.prod.svc.cluster.local. A") == kNxDomain);
  CHECK(ask(reverse_zone(kCluster), "7.0.0.10.in-addr.arpa. PTR")
            .starts_with("NXDOMAIN"));
}

TEST_CASE("names that do not fit are left out, alone") {
  const std::string longest(63, 'n');
  const std::string too_long(64, 'n');
  const Zone zone = cluster_zone(
      "service prod/" + longest + " 10.96.0.1 a:1/tcp " + too_long +
      ":2/tcp\nservice prod/" + too_long + " 10.96.0.2\nservice " + too_long +
      "/web 10.96.0.3\nservice prod/db headless\nendpoint prod/db 10.0.0.7 "
      "hostname=" +
      too_long + '\n');
  CHECK(ask(zone, longest + ".prod.svc.cluster.local. A")
            .starts_with("NOERROR aa\n" + longest));
  CHECK(ask(zone, "_a._tcp." + longest + ".prod.svc.cluster.local. SRV")
            .starts_with("NOERROR aa\n_a"));
  CHECK(ask(zone, "web.prod.svc.cluster.local. A") == kNxDomain);
}

TEST_CASE("what a Service's change adds and takes away is the difference") {
  const std::string_view steps[] = {
      "service prod/web 10.96.0.1 http:80/tcp",
      "service prod/web headless http:80/tcp\n"
      "endpoint prod/web 10.0.0.7 http:80/tcp",
      "service prod/web external-name www.example.com",
      "service prod/web 10.96.0.1 fd00::1",
      "namespace prod",
      "no-namespace prod\nservice prod/web 10.96.0.1",
      "",
      "service prod/web 10.96.0.1 http:80/tcp",
  };
  const auto store = test::cluster_store(steps[0]);
  for (std::size_t i = 1; i < std::size(steps); ++i) {
    CAPTURE(steps[i]);
    test::replace_cluster(*store, steps[i - 1], steps[i]);
    ZoneStore::Reader reader(*store);
    const auto fresh = test::cluster_store(steps[i]);
    ZoneStore::Reader expected(*fresh);
    for (std::size_t z = 0; z < 3; ++z) {
      const LabelTree& now = reader.current().zones()[z].tree();
      const LabelTree& then = expected.current().zones()[z].tree();
      CHECK(now.record_count() == then.record_count());
      CHECK(now.name_count() == then.name_count());
      CHECK(now.octets() == then.octets());
    }
    CHECK(store->ignored_records() == 0);
  }
}

TEST_CASE("of a slice with too many ports each port and endpoint has a part") {
  struct Row {
    std::size_t endpoints, ports, ports_kept, stride;
  };
  const Row rows[] = {{100, 100, 100, 1},      {1000, 10, 10, 1},
                      {1, 20'000, 10'000, 1},  {1000, 100, 100, 16},
                      {10'000, 100, 100, 128}, {1000, 20'000, 625, 64},
                      {0, 100, 100, 1},        {10'000, 1, 1, 1}};
  for (const Row& row : rows) {
    CAPTURE(row.endpoints);
    CAPTURE(row.ports);
    kube::EndpointSlice slice;
    slice.ports.resize(row.ports);
    for (std::size_t i = 0; i < row.endpoints; ++i) {
      slice.endpoints.push_back({Ipv4{10, 0, static_cast<std::uint8_t>(i >> 8),
                                      static_cast<std::uint8_t>(i)},
                                 "", "", true});
    }
    const kube::SrvShare share = kube::srv_share(slice);
    CHECK(share.ports == row.ports_kept);
    CHECK(share.stride == row.stride);
    CHECK(kube::slice_left_out(slice).empty() == share.is_whole(slice));
    std::vector<std::size_t> endpoints_of(share.ports);
    std::size_t pairs = 0;
    for (const kube::Endpoint& endpoint : slice.endpoints) {
      for (std::size_t port = share.first_port(endpoint.address);
           port < share.ports; port += share.stride) {
        ++endpoints_of[port];
        ++pairs;
      }
    }
    CHECK(pairs <= 2 * 10'000);
    CHECK((row.endpoints == 0 || std::ranges::min(endpoints_of) >= 1));
  }
}

TEST_CASE("a slice's endpoints keep their records when others come and go") {
  kube::EndpointSlice slice;
  slice.key = {"a", "db-1"};
  slice.service_name = "db";
  for (std::uint16_t i = 1; i <= 100; ++i) {
    slice.ports.push_back({"p" + std::to_string(i), "TCP", i});
  }
  for (unsigned i = 0; i < 1000; ++i) {
    slice.endpoints.push_back({Ipv4{10, 0, static_cast<std::uint8_t>(i >> 8),
                                    static_cast<std::uint8_t>(i)},
                               "", "", true});
  }
  kube::Service service;
  service.key = {"a", "db"};
  service.type = kube::Service::Type::kHeadless;
  const auto records = [&] {
    return kube::slice_records(record_options(), service, slice, {});
  };
  const RecordList before = records();
  slice.endpoints.erase(slice.endpoints.begin());
  const ZoneDelta delta = difference(before, records());
  // Its addresses, its PTR, and at most seven ports of a hundred three times.
  CHECK(delta.additions.empty());
  CHECK(delta.removals.size() <= 3 + 3 * 7);
}
