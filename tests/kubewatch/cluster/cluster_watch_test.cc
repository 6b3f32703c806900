#include "kubewatch/cluster/cluster_watch.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/kubewatch/cluster_text.h"
#include "tests/kubewatch/zone_text.h"

using namespace canopy;
using namespace canopy::kube;

namespace {

const std::string kHttp = R"("ports":[{"name":"http","port":80}])";

std::string cluster_ip(const std::string& ip) {
  return R"("clusterIP":")" + ip + "\"," + kHttp;
}
const std::string kHeadless = R"("clusterIP":"None",)" + kHttp;

bool is_complete(ZoneStore& zones) {
  return ZoneStore::Reader(zones).current().is_complete();
}

// The zones of a cluster that was this from the start.
std::vector<std::string> fresh_lines(const std::vector<std::string>& objects,
                                     ClusterWatchOptions options) {
  TestCluster cluster(std::move(options));
  cluster.list(objects);
  return zone_lines(cluster.zones);
}

}  // namespace

TEST_CASE("nothing is published before every kind had its list") {
  int synced = 0;
  ClusterWatchOptions options = test_options();
  options.on_synced = [&] { ++synced; };
  TestCluster cluster(options);
  const Listing listing{cluster.watch.new_origin(), 0, {}};
  cluster.watch.put(listing, std::get<DecodedObject>(decode_one(service_json(
                                 "a", "web", cluster_ip("10.0.0.1")))));
  cluster.watch.finish(listing, ObjectKind::kService, "7");
  cluster.watch.finish(listing, ObjectKind::kEndpointSlice, "8");
  CHECK_FALSE(is_complete(cluster.zones));
  TestCluster untouched;
  CHECK(zone_lines(cluster.zones) == zone_lines(untouched.zones));
  CHECK_FALSE(cluster.watch.status().synced);

  cluster.watch.put(listing,
                    std::get<DecodedObject>(decode_one(namespace_json("a"))));
  cluster.watch.finish(listing, ObjectKind::kNamespace, "9");
  CHECK(is_complete(cluster.zones));
  CHECK(records_of(cluster.zones, "web.a.svc.cluster.local.")
            .find("A 10.0.0.1") != std::string::npos);
  CHECK(cluster.watch.status().of(ObjectKind::kService).resource_version ==
        "7");
  CHECK(synced == 1);
}

TEST_CASE("pods are wanted only when they are verified") {
  CHECK(TestCluster().watch.watched_kinds().size() == 3);
  ClusterWatchOptions options = test_options();
  options.records.pods = PodRecords::kVerified;
  TestCluster cluster(options);
  CHECK(cluster.watch.watched_kinds().size() == 4);
  cluster.list({namespace_json("a"), pod_json("a", "p", "10.5.0.1")});
  CHECK(records_of(cluster.zones, "10-5-0-1.a.pod.cluster.local.") ==
        "A 10.5.0.1");
  cluster.remove(pod_json("a", "p", "10.5.0.1"));
  CHECK(records_of(cluster.zones, "10-5-0-1.a.pod.cluster.local.").empty());
}

TEST_CASE("each event is published at once") {
  TestCluster cluster;
  cluster.list({namespace_json("a")});
  const std::string name = "web.a.svc.cluster.local.";
  cluster.add(service_json("a", "web", cluster_ip("10.0.0.1")));
  CHECK(records_of(cluster.zones, name).starts_with("A 10.0.0.1"));
  cluster.change(service_json("a", "web", cluster_ip("10.0.0.2")));
  CHECK(records_of(cluster.zones, name).starts_with("A 10.0.0.2"));
  CHECK(records_of(cluster.zones, "1.0.0.10.in-addr.arpa.").empty());
  cluster.change(service_json(
      "a", "web", R"("type":"ExternalName","externalName":"x.example")"));
  CHECK(records_of(cluster.zones, name) == "CNAME x.example.");
  cluster.remove(service_json("a", "web", kHttp));
  CHECK(records_of(cluster.zones, name).empty());
}

TEST_CASE("slices that come before their Service count once it is there") {
  TestCluster cluster;
  cluster.list({namespace_json("a")});
  cluster.add(slice_json("a", "db-1", "db", "10.1.0.1 !10.1.0.2"));
  CHECK(records_of(cluster.zones, "db.a.svc.cluster.local.").empty());
  cluster.add(service_json("a", "db", kHeadless));
  CHECK(records_of(cluster.zones, "db.a.svc.cluster.local.")
            .starts_with("A 10.1.0.1, "));
  cluster.change(slice_json("a", "db-1", "other", "10.1.0.1"));
  CHECK(records_of(cluster.zones, "db.a.svc.cluster.local.").empty());
}

TEST_CASE("a deleted Namespace takes all its names with it") {
  TestCluster cluster;
  const std::vector<std::string> objects = {
      namespace_json("a"),
      service_json("a", "web", cluster_ip("10.0.0.1")),
      service_json("a", "db", kHeadless),
      slice_json("a", "db-1", "db", "10.1.0.1"),
      namespace_json("b"),
      service_json("b", "web", cluster_ip("10.0.0.2"))};
  cluster.list(objects);
  const auto before = zone_lines(cluster.zones);
  cluster.remove(namespace_json("a"));
  for (const std::string& line : zone_lines(cluster.zones)) {
    CAPTURE(line);
    CHECK(line.find(".a.svc.") == std::string::npos);
  }
  cluster.change(service_json("a", "web", cluster_ip("10.0.0.9")));
  cluster.change(service_json("a", "web", cluster_ip("10.0.0.1")));
  cluster.add(namespace_json("a"));
  CHECK(zone_lines(cluster.zones) == before);
}

TEST_CASE("manifests may leave the Namespace out") {
  ClusterWatchOptions options = test_options();
  const std::string web = service_json("a", "web", cluster_ip("10.0.0.1"));
  TestCluster strict(options);
  strict.list({web});
  CHECK(records_of(strict.zones, "web.a.svc.cluster.local.").empty());

  options.implied_namespaces = true;
  TestCluster lenient(options);
  lenient.list({});
  const auto empty = zone_lines(lenient.zones);
  lenient.list({web});
  CHECK_FALSE(records_of(lenient.zones, "web.a.svc.cluster.local.").empty());
  lenient.list({});
  CHECK(zone_lines(lenient.zones) == empty);
}

TEST_CASE("only the namespaces asked for are served") {
  ClusterWatchOptions options = test_options();
  options.selection.namespaces = {"a"};
  TestCluster cluster(options);
  cluster.list({namespace_json("a"), namespace_json("b"),
                service_json("a", "web", cluster_ip("10.0.0.1")),
                service_json("b", "web", cluster_ip("10.0.0.2"))});
  CHECK_FALSE(records_of(cluster.zones, "web.a.svc.cluster.local.").empty());
  CHECK(records_of(cluster.zones, "web.b.svc.cluster.local.").empty());
  CHECK(records_of(cluster.zones, "2.0.0.10.in-addr.arpa.").empty());
}

TEST_CASE("Namespaces are chosen by their labels, as these change") {
  ClusterWatchOptions options = test_options();
  options.selection.namespace_labels =
      LabelSelector("team=x", "--namespace-labels");
  TestCluster cluster(options);
  cluster.list({namespace_json("a", R"("team":"x")"),
                namespace_json("b", R"("team":"y")"),
                service_json("a", "web", cluster_ip("10.0.0.1")),
                service_json("b", "web", cluster_ip("10.0.0.2"))});
  const auto before = zone_lines(cluster.zones);
  CHECK(records_of(cluster.zones, "2.0.0.10.in-addr.arpa.").empty());
  cluster.change(namespace_json("b", R"("team":"x")"));
  CHECK(records_of(cluster.zones, "2.0.0.10.in-addr.arpa.") ==
        "PTR web.b.svc.cluster.local.");
  cluster.change(namespace_json("b"));
  CHECK(zone_lines(cluster.zones) == before);
}

TEST_CASE("objects are chosen by their labels, as these change") {
  ClusterWatchOptions options = test_options();
  options.selection.labels = LabelSelector("app=web", "--labels");
  TestCluster cluster(options);
  const std::string app = R"("app":"web")";
  cluster.list({namespace_json("a"),
                service_json("a", "web", cluster_ip("10.0.0.1"), app),
                service_json("a", "db", cluster_ip("10.0.0.2")),
                service_json("a", "hl", kHeadless, app),
                slice_json("a", "hl-1", "hl", "10.5.0.1", app),
                slice_json("a", "hl-2", "hl", "10.5.0.2")});
  CHECK(records_of(cluster.zones, "db.a.svc.cluster.local.").empty());
  CHECK(records_of(cluster.zones, "hl.a.svc.cluster.local.").find("10.5.0.2") ==
        std::string::npos);
  cluster.change(service_json("a", "web", cluster_ip("10.0.0.1")));
  CHECK(records_of(cluster.zones, "web.a.svc.cluster.local.").empty());
}

TEST_CASE("the server's own Service is the glue of ns.dns") {
  TestCluster cluster;
  const std::string own =
      service_json("kube-system", "kube-dns", cluster_ip("10.96.0.10"));
  cluster.list({namespace_json("kube-system"), own});
  const std::string name = "ns.dns.cluster.local.";
  CHECK(records_of(cluster.zones, name) == "A 10.96.0.10");
  cluster.remove(own);
  CHECK(records_of(cluster.zones, name).empty());
  cluster.add(own);
  CHECK(records_of(cluster.zones, name) == "A 10.96.0.10");
}

TEST_CASE("a relist replaces by difference") {
  TestCluster cluster;
  cluster.list({namespace_json("a"),
                service_json("a", "web", cluster_ip("10.0.0.1")),
                service_json("a", "old", cluster_ip("10.0.0.2"))});
  const auto serial = ZoneStore::Reader(cluster.zones).current().serial();
  cluster.list({namespace_json("a"),
                service_json("a", "web", cluster_ip("10.0.0.1")),
                service_json("a", "old", cluster_ip("10.0.0.2"))});
  CHECK(ZoneStore::Reader(cluster.zones).current().serial() == serial);
  cluster.list({namespace_json("a"),
                service_json("a", "web", cluster_ip("10.0.0.1")),
                service_json("a", "new", cluster_ip("10.0.0.3"))});
  CHECK(records_of(cluster.zones, "old.a.svc.cluster.local.").empty());
  CHECK_FALSE(records_of(cluster.zones, "new.a.svc.cluster.local.").empty());
}

TEST_CASE("a list of events ends with what its last events say") {
  ClusterWatchOptions options = test_options();
  options.records.pods = PodRecords::kVerified;
  TestCluster cluster(options);
  cluster.list({namespace_json("a"), pod_json("a", "old", "10.1.0.9")});
  const Listing listing{cluster.watch.new_origin(), cluster.origin, {}};
  const auto put = [&](WatchEvent::Type type, const std::string& json) {
    WatchEvent event;
    event.type = type;
    event.object = decode_one(json);
    cluster.watch.put_event(listing, std::move(event));
  };
  using Type = WatchEvent::Type;
  put(Type::kAdded, pod_json("a", "one", "10.1.0.1"));
  put(Type::kAdded, pod_json("a", "two", "10.1.0.2"));
  put(Type::kModified, pod_json("a", "two", "10.1.0.3"));
  put(Type::kAdded, pod_json("a", "three", "10.1.0.4"));
  put(Type::kModified, pod_json("a", "three", ""));  // says nothing to DNS
  put(Type::kAdded, pod_json("a", "four", "10.1.0.5"));
  put(Type::kDeleted, pod_json("a", "four", "10.1.0.5"));
  put(Type::kAdded, pod_json("a", "five", "10.1.0.6"));
  put(Type::kDeleted, pod_json("a", "five", "10.1.0.6"));
  put(Type::kAdded, pod_json("a", "five", "10.1.0.7"));
  cluster.watch.finish(listing, ObjectKind::kPod, "9");
  CHECK(zone_lines(cluster.zones) ==
        fresh_lines({namespace_json("a"), pod_json("a", "one", "10.1.0.1"),
                     pod_json("a", "two", "10.1.0.3"),
                     pod_json("a", "five", "10.1.0.7")},
                    options));
}

TEST_CASE("an object without a usable name changes nothing") {
  TestCluster cluster;
  const std::string bad = service_json("a", "w.b", cluster_ip("10.0.0.2"));
  cluster.list(
      {namespace_json("a"), service_json("a", "web", cluster_ip("10.0.0.1"))});
  const auto before = zone_lines(cluster.zones);
  cluster.add(bad);
  CHECK(zone_lines(cluster.zones) == before);
  cluster.list({namespace_json("a"), bad,
                service_json("a", "web", cluster_ip("10.0.0.1"))});
  CHECK(zone_lines(cluster.zones) == before);
  CHECK(cluster.watch.status().of(ObjectKind::kService).malformed == 2);
}

TEST_CASE("an object is served without what of it cannot be read") {
  TestCluster cluster;
  const std::string name = "db.a.svc.cluster.local.";
  cluster.list({namespace_json("a"), service_json("a", "db", kHeadless),
                slice_json("a", "db-1", "db", "10.1.0.1 10.1.0.x")});
  CHECK(records_of(cluster.zones, name).starts_with("A 10.1.0.1, SRV"));
  cluster.change(slice_json("a", "db-1", "db", "10.1.0.y 10.1.0.03"));
  CHECK(records_of(cluster.zones, name).starts_with("A 10.1.0.3, SRV"));
  cluster.change(slice_json("a", "db-1", "db", "10.1.0.y"));
  CHECK(records_of(cluster.zones, name).empty());
  const KindStatus status =
      cluster.watch.status().of(ObjectKind::kEndpointSlice);
  CHECK(status.unread == 3);
  CHECK(status.malformed == 0);
}

TEST_CASE("EndpointSlices win over the Endpoints of the same Service") {
  ClusterWatchOptions options = test_options();
  options.implied_namespaces = true;
  const std::string endpoints =
      R"({"kind":"Endpoints","metadata":{"name":"db","namespace":"a"},)"
      R"("subsets":[{"addresses":[{"ip":"10.1.0.1"}],"ports":)"
      R"([{"name":"http","port":80}]}]})";
  const std::string db = service_json("a", "db", kHeadless);
  const std::string slice = slice_json("a", "db-1", "db", "10.1.0.1");
  const auto alone = fresh_lines({db, slice}, options);
  CHECK(fresh_lines({db, slice, endpoints}, options) == alone);
  CHECK(fresh_lines({endpoints, db, slice}, options) == alone);
  TestCluster cluster(options);
  cluster.list({db, endpoints});
  CHECK(zone_lines(cluster.zones) == alone);
  cluster.add(slice);
  CHECK(zone_lines(cluster.zones) == alone);
}

TEST_CASE("Endpoints are served again when the last slice is gone") {
  ClusterWatchOptions options = test_options();
  options.implied_namespaces = true;
  const auto endpoints = [](const std::string& ips) {
    return R"({"kind":"Endpoints","metadata":{"name":"db","namespace":"a"},)"
           R"("subsets":[{"addresses":[)" +
           ips + R"(],"ports":[{"name":"http","port":80}]}]})";
  };
  const std::string one = endpoints(R"({"ip":"10.1.0.1"})");
  const std::string two = endpoints(R"({"ip":"10.1.0.1"},{"ip":"10.1.0.2"})");
  const std::string db = service_json("a", "db", kHeadless);
  const std::string first = slice_json("a", "db-1", "db", "10.1.0.8");
  const std::string second = slice_json("a", "db-2", "db", "10.1.0.9");
  const auto is = [&](TestCluster& cluster,
                      const std::vector<std::string>& objects) {
    CHECK(zone_lines(cluster.zones) == fresh_lines(objects, options));
  };
  TestCluster cluster(options);
  cluster.list({db, one});
  cluster.add(first);
  cluster.add(second);
  is(cluster, {db, first, second});
  cluster.change(two);  // hidden
  is(cluster, {db, first, second});
  cluster.remove(first);
  is(cluster, {db, second});
  cluster.remove(second);
  is(cluster, {db, two});
  cluster.add(first);
  cluster.remove(two);
  is(cluster, {db, first});
  // The same with the Service away meanwhile, and by a list.
  cluster.add(two);
  cluster.remove(db);
  cluster.remove(first);
  cluster.add(db);
  is(cluster, {db, two});
  cluster.list({db, two, second});
  is(cluster, {db, second});
  cluster.list({db, two});
  is(cluster, {db, two});
}

TEST_CASE("the time from a change to its publishing is measured") {
  ClusterWatchOptions options = test_options();
  options.clock = [] { return WallTime(std::chrono::seconds(1714564801)); };
  TestCluster cluster(options);
  const auto timed = [](const char* addresses) {
    std::string json = slice_json("a", "db-1", "db", addresses);
    const std::string labels = R"("labels":{)";
    json.insert(json.find(labels),
                R"("annotations":{"endpoints.kubernetes.io/)"
                R"(last-change-trigger-time":"2024-05-01T12:00:00.5Z"},)");
    return json;
  };
  cluster.list({namespace_json("a"), service_json("a", "db", kHeadless)});
  cluster.add(timed("10.1.0.1"));
  cluster.change(timed("10.1.0.2"));  // an old time says nothing new
  const LatencyHistogram latency = cluster.watch.status().headless_latency;
  CHECK(latency.count == 1);
  CHECK(latency.sum == doctest::Approx(0.5));
  CHECK(latency.counts[9] == 1);  // up to 0.512 s
  CHECK(cluster.watch.status().cluster_ip_latency.count == 0);
}

TEST_CASE("events are counted by kind and type") {
  TestCluster cluster;
  cluster.list({namespace_json("a")});
  const std::string web = service_json("a", "web", cluster_ip("10.0.0.1"));
  cluster.add(web);
  cluster.change(web);
  cluster.change(web);
  cluster.remove(web);
  const KindStatus status = cluster.watch.status().of(ObjectKind::kService);
  CHECK(status.added == 1);
  CHECK(status.modified == 2);
  CHECK(status.deleted == 1);
  CHECK(status.objects == 0);
  CHECK(cluster.watch.status().of(ObjectKind::kNamespace).objects == 1);
}

// However a cluster came to be what it is, its zones are those of a cluster
// that was this from the start.
TEST_CASE("a thousand random events leave what a fresh list would") {
  for (const unsigned seed : {1u, 2u, 3u, 4u}) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto any = [&](unsigned n) { return random() % n; };
    ClusterWatchOptions options = test_options();
    options.records.pods = PodRecords::kVerified;
    options.implied_namespaces = seed % 2 == 0;
    if (seed > 2) {
      options.selection.namespace_labels = LabelSelector("!hidden", "");
    }
    TestCluster cluster(options);
    cluster.list({});
    const auto empty = zone_lines(cluster.zones);
    std::map<std::string, std::string> objects;  // by kind, namespace, name
    for (int i = 0; i < 1000; ++i) {
      const std::string ns = "ns" + std::to_string(any(3));
      const std::string service = "s" + std::to_string(any(3));
      std::string key, json;
      switch (any(8)) {
        case 0:
          key = "namespace " + ns;
          json = namespace_json(ns, any(3) == 0 ? R"("hidden":"")" : "");
          break;
        case 1:
        case 2: {
          key = "service " + ns + service;
          const std::string ip = "10.0.0." + std::to_string(any(4));
          const std::string specs[] = {
              cluster_ip(ip), kHeadless,
              kHeadless + R"(,"publishNotReadyAddresses":true)",
              R"("type":"ExternalName","externalName":"x.example")"};
          json = service_json(ns, service, specs[any(4)]);
          break;
        }
        case 3:
          key = "pod " + ns + service;
          json = pod_json(ns, service, "10.2.0." + std::to_string(any(4)));
          break;
        default: {
          const std::string name = "slice" + std::to_string(any(8));
          key = "slice " + ns + name;
          std::string addresses;
          for (unsigned n = any(4); n > 0; --n) {
            addresses += any(4) == 0 ? "!" : "";
            addresses += "10.1.0." + std::to_string(any(6)) + " ";
          }
          json = slice_json(ns, name, service, addresses);
          if (any(4) == 0) json.replace(json.find(":80"), 3, ":81");
        }
      }
      if (objects.count(key) != 0 && any(3) == 0) {
        cluster.remove(objects[key]);
        objects.erase(key);
      } else {
        cluster.change(json);
        objects[key] = json;
      }
      if (i % 50 != 0) continue;
      std::vector<std::string> all;
      for (const auto& [name, text] : objects) all.push_back(text);
      REQUIRE(zone_lines(cluster.zones) == fresh_lines(all, options));
    }
    for (const auto& [name, text] : objects) cluster.remove(text);
    CHECK(zone_lines(cluster.zones) == empty);
    CHECK(cluster.zones.ignored_records() == 0);
  }
}
