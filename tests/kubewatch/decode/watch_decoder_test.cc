#include "kubewatch/decode/watch_decoder.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kubewatch/objects/address_text.h"
#include "kubewatch/objects/rfc3339.h"

using namespace canopy;
using namespace canopy::kube;

namespace {

Decoded decode(const std::string& json, const std::string& kind = "") {
  std::vector<Decoded> all;
  ListDecoder decoder(kind, {[&](Decoded&& one) {
                               all.push_back(std::move(one));
                               return true;
                             },
                             [](ListEnvelope&&) { return true; }});
  REQUIRE(decoder.feed(json));
  REQUIRE(all.size() == 1);
  return std::move(all.front());
}

template <typename T>
T decoded(const std::string& json) {
  const Decoded found = decode(json);
  REQUIRE(std::holds_alternative<DecodedObject>(found));
  return std::get<T>(std::get<DecodedObject>(found).object);
}

std::string why_malformed(const std::string& json) {
  const Decoded found = decode(json);
  REQUIRE(std::holds_alternative<MalformedObject>(found));
  const auto& bad = std::get<MalformedObject>(found);
  return std::string(kind_name(bad.kind)) + " " + to_text(bad.key) + ": " +
         bad.why;
}

std::string service(const std::string& spec) {
  return R"({"apiVersion":"v1","kind":"Service","metadata":)"
         R"({"name":"db","namespace":"prod"},"spec":)" +
         spec + "}";
}

std::string slice(const std::string& rest) {
  return R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice",)"
         R"("metadata":{"name":"db-1","namespace":"prod","labels":)"
         R"({"kubernetes.io/service-name":"db"}},)" +
         rest + "}";
}

std::string text(const std::vector<IpAddress>& addresses) {
  std::string all;
  for (const IpAddress& one : addresses) {
    all += (all.empty() ? "" : " ") + to_text(one);
  }
  return all;
}

std::vector<std::string> watch(const std::string& stream, std::size_t chunk) {
  std::vector<std::string> seen;
  WatchDecoder decoder(ObjectKind::kService, [&](WatchEvent&& event) {
    constexpr const char* kTypes[] = {"added",    "modified", "deleted",
                                      "bookmark", "error",    "unknown"};
    std::string line = kTypes[static_cast<int>(event.type)];
    if (auto* object = std::get_if<DecodedObject>(&event.object)) {
      line += " " + to_text(key_of(object->object));
    }
    if (!event.resource_version.empty()) line += " @" + event.resource_version;
    if (event.status.code != 0) {
      line += " " + std::to_string(event.status.code);
    }
    seen.push_back(line);
    return true;
  });
  for (std::size_t at = 0; at < stream.size(); at += chunk) {
    if (!decoder.feed(std::string_view(stream).substr(at, chunk))) {
      seen.push_back("! " + decoder.error());
      break;
    }
  }
  return seen;
}

}  // namespace

TEST_CASE("a Service's type and addresses") {
  struct Row {
    const char* spec;
    Service::Type type;
    const char* addresses;
  };
  const Row rows[] = {
      {R"({"clusterIP":"10.0.0.1"})", Service::Type::kClusterIp, "10.0.0.1"},
      {R"({"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1","2001:db8::1"]})",
       Service::Type::kClusterIp, "10.0.0.1 2001:db8::1"},
      {R"({"clusterIP":"10.0.0.1","clusterIPs":[]})", Service::Type::kClusterIp,
       "10.0.0.1"},
      {R"({"clusterIP":"None"})", Service::Type::kHeadless, ""},
      {R"({"clusterIPs":["None"]})", Service::Type::kHeadless, ""},
      {R"({"clusterIP":""})", Service::Type::kClusterIp, ""},
      {R"({"clusterIP":null,"ports":null})", Service::Type::kClusterIp, ""},
      {R"({})", Service::Type::kClusterIp, ""},
      {R"({"type":"ExternalName","externalName":"a.example","clusterIP":"1.2.3.4"})",
       Service::Type::kExternalName, ""},
      {R"({"type":"LoadBalancer","clusterIP":"10.0.0.2"})",
       Service::Type::kClusterIp, "10.0.0.2"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.spec);
    const auto found = decoded<Service>(service(row.spec));
    CHECK(found.key == ObjectKey{"prod", "db"});
    CHECK(found.type == row.type);
    CHECK(text(found.cluster_ips) == row.addresses);
  }
}

TEST_CASE("a Service's ports, and unready endpoints published") {
  const auto found = decoded<Service>(service(
      R"({"publishNotReadyAddresses":true,"ports":[{"port":53,"protocol":"UDP",)"
      R"("name":"dns"},{"port":80}]})"));
  CHECK(found.publish_not_ready_addresses);
  REQUIRE(found.ports.size() == 2);
  CHECK(found.ports[0] == ServicePort{"dns", "UDP", 53});
  CHECK(found.ports[1] == ServicePort{"", "TCP", 80});
}

TEST_CASE("an EndpointSlice: each address an endpoint") {
  const auto found = decoded<EndpointSlice>(slice(
      R"("addressType":"IPv4","endpoints":[)"
      R"({"addresses":["10.0.0.1","10.0.0.2"],"hostname":"a"},)"
      R"({"addresses":["10.0.0.3"],"conditions":{"ready":false},)"
      R"("targetRef":{"kind":"Pod","name":"db-0"}},)"
      R"({"addresses":["10.0.0.4"],"conditions":{"serving":false},)"
      R"("targetRef":{"kind":"Node","name":"n1"}}],)"
      R"("ports":[{"name":"x","port":5432,"protocol":"TCP"},{"name":"y"}])"));
  CHECK(found.service_name == "db");
  REQUIRE(found.endpoints.size() == 4);
  CHECK(found.endpoints[1] ==
        Endpoint{*ip_from_text("10.0.0.2"), "a", "", true});
  CHECK(found.endpoints[2] ==
        Endpoint{*ip_from_text("10.0.0.3"), "", "db-0", false});
  CHECK(found.endpoints[3] ==
        Endpoint{*ip_from_text("10.0.0.4"), "", "", true});
  REQUIRE(found.ports.size() == 2);
  CHECK(found.ports[0] == EndpointPort{"x", "TCP", 5432});
  CHECK(found.ports[1] == EndpointPort{"y", "TCP", std::nullopt});
}

TEST_CASE("a slice of names instead of addresses has no endpoints") {
  CHECK(decoded<EndpointSlice>(
            slice(R"("addressType":"FQDN","endpoints":[{"addresses":)"
                  R"(["a.example"]}])"))
            .endpoints.empty());
}

TEST_CASE("a slice's change time is kept for the latency") {
  const std::string json =
      R"({"kind":"EndpointSlice","metadata":{"name":"a","annotations":)"
      R"({"endpoints.kubernetes.io/last-change-trigger-time":)"
      R"("2024-05-01T12:00:00.5Z"}}})";
  CHECK(decoded<EndpointSlice>(json).last_change_trigger_time ==
        doctest::Approx(1714564800.5));
}

TEST_CASE("times of RFC 3339") {
  CHECK(seconds_from_rfc3339("1970-01-01T00:00:00Z") == 0);
  CHECK(seconds_from_rfc3339("2024-05-01T12:00:00Z") == 1714564800);
  CHECK(seconds_from_rfc3339("2024-05-01T14:00:00+02:00") == 1714564800);
  CHECK(seconds_from_rfc3339("2024-05-01t10:30:00-01:30") == 1714564800);
  for (const char* bad : {"", "2024", "2024-13-01T00:00:00Z", "2024-02-30T0",
                          "2024-05-01T12:00:00", "2024-05-01T12:00:00Zx",
                          "2024-05-01T12:00:00+1", "x"}) {
    CAPTURE(bad);
    CHECK(seconds_from_rfc3339(bad) == 0);
  }
}

TEST_CASE("a pod has its addresses until it has ended") {
  const auto pod = [](const char* metadata, const char* status) {
    return decoded<Pod>(std::string(R"({"kind":"Pod","metadata":{"name":"p")") +
                        metadata + R"(},"status":)" + status + "}");
  };
  CHECK(text(pod("", R"({"podIP":"10.0.0.1"})").ips) == "10.0.0.1");
  CHECK(text(pod("", R"({"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},)"
                     R"({"ip":"2001:db8::1"}]})")
                 .ips) == "10.0.0.1 2001:db8::1");
  CHECK(pod("", R"({"phase":"Succeeded","podIP":"10.0.0.1"})").ips.empty());
  CHECK(pod("", R"({"phase":"Failed","podIP":"10.0.0.1"})").ips.empty());
  // It terminates, and may drain for a while.
  CHECK(text(pod(R"(,"deletionTimestamp":"2024-05-01T12:00:00Z")",
                 R"({"phase":"Running","podIP":"10.0.0.1"})")
                 .ips) == "10.0.0.1");
  CHECK(text(pod("", R"({"podIP":"10.0.0.1","podIPs":[{"ip":"fd00::1"},{},)"
                     R"({"ip":"x"}]})")
                 .ips) == "fd00::1 10.0.0.1");
  CHECK(pod("", "{}").ips.empty());
}

TEST_CASE("a Namespace has the label the API server gives every one") {
  const auto ns = decoded<Namespace>(
      R"({"kind":"Namespace","metadata":{"name":"prod","labels":{"a":"b"}}})");
  CHECK(ns.key == ObjectKey{"", "prod"});
  CHECK(ns.labels ==
        KubeLabels{{"a", "b"}, {"kubernetes.io/metadata.name", "prod"}});
}

TEST_CASE("Endpoints become a slice a subset") {
  const Decoded found =
      decode(R"({"kind":"Endpoints","apiVersion":"v1","metadata":{"name":"db",)"
             R"("namespace":"prod"},"subsets":[{"addresses":[{"ip":"10.0.0.1",)"
             R"("hostname":"a"}],"notReadyAddresses":[{"ip":"10.0.0.2"}],)"
             R"("ports":[{"port":80}]},{"addresses":[{"ip":"10.0.0.3"}]}]})");
  const auto& object = std::get<DecodedObject>(found);
  const auto& first = std::get<EndpointSlice>(object.object);
  CHECK(first.service_name == "db");
  REQUIRE(first.endpoints.size() == 2);
  CHECK(first.endpoints[0].hostname == "a");
  CHECK_FALSE(first.endpoints[1].ready);
  REQUIRE(object.more.size() == 1);
  CHECK(object.more[0].endpoints.size() == 1);
  CHECK(object.more[0].key != first.key);
}

TEST_CASE("objects of other kinds and groups are not ours") {
  for (const char* json :
       {R"({"kind":"Node","metadata":{"name":"n"}})",
        R"({"kind":"Service","apiVersion":"serving.knative.dev/v1",)"
        R"("metadata":{"name":"s"}})",
        R"({})", R"({"kind":7})"}) {
    CAPTURE(json);
    CHECK(std::holds_alternative<OtherObject>(decode(json)));
  }
}

TEST_CASE("an object without a usable name is malformed as a whole") {
  CHECK(why_malformed(R"({"kind":"Service"})") ==
        "Service : metadata is missing");
  CHECK(why_malformed(R"({"kind":"Service","metadata":{"name":7}})") ==
        "Service : name is not a string");
  CHECK(why_malformed(R"({"kind":"Service","metadata":{"namespace":"a"}})") ==
        "Service a/: metadata.name is missing");
}

TEST_CASE("a field that cannot be read is left out alone, and named") {
  struct Row {
    std::string json;
    std::string unread;
  };
  const std::string good = R"({"addresses":["10.0.0.1"]})";
  const Row rows[] = {
      {service(R"({"clusterIP":"10.0.0"})"),
       "spec.clusterIP \"10.0.0\" is not an IP address"},
      {service(R"({"clusterIPs":[7,"x"]})"),
       "spec.clusterIPs has an item that is not a string, and 1 more"},
      {service(R"({"ports":[{"port":"80"}]})"),
       "port is not a number from 0 to 65535"},
      {service(R"({"ports":[{"port":65536},{"port":-1},{"port":1.5}]})"),
       "port is not a number from 0 to 65535, and 2 more"},
      {service(R"({"ports":{}})"), "ports is not a list"},
      {service("[]"), "spec is not a mapping"},
      {service(R"({"publishNotReadyAddresses":"yes"})"),
       "publishNotReadyAddresses is not true or false"},
      {service(R"({"type":"ExternalName","externalName":7})"),
       "externalName is not a string"},
      {slice(R"("endpoints":[{"addresses":["x"]}])"),
       "an endpoint's address \"x\" is not an IP address"},
      {slice(R"("endpoints":[{"addresses":[7]}])"),
       "an endpoint's address is not a string"},
      {slice(R"("endpoints":[7])"),
       "endpoints holds something that is not a mapping"},
      {slice(R"("endpoints":7)"), "endpoints is not a list"},
      {slice(R"("ports":[7])"), "ports holds something that is not a mapping"},
      {R"({"kind":"Namespace","metadata":{"name":"a","labels":{"b":7}}})",
       "the value of label \"b\" is not a string"},
      {R"({"kind":"Pod","metadata":{"name":"p"},"status":{"podIPs":[{"ip":7}]}})",
       "ip is not a string"},
      {R"({"kind":"Endpoints","metadata":{"name":"e"},"subsets":[7]})",
       "subsets holds something that is not a mapping"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    const Decoded found = decode(row.json);
    REQUIRE(std::holds_alternative<DecodedObject>(found));
    const auto& object = std::get<DecodedObject>(found);
    CHECK(object.unread == row.unread);
    CHECK(object.unread_count > 0);
    CHECK(object.left_out.empty());
  }
}

TEST_CASE("what stands beside a field that cannot be read is kept") {
  const auto web = decoded<Service>(
      service(R"({"clusterIPs":["x","10.0.0.1"],"ports":[{"port":"80"},)"
              R"({"name":"a","port":81},{"name":7,"port":82},{"port":83,)"
              R"("protocol":7}],"publishNotReadyAddresses":7})"));
  CHECK(text(web.cluster_ips) == "10.0.0.1");
  CHECK(web.ports == std::vector<ServicePort>{{"a", "TCP", 81}});
  const auto found = decoded<EndpointSlice>(
      slice(R"("endpoints":[{"addresses":["x","10.0.0.1",7],"hostname":"a.b",)"
            R"("targetRef":7,"conditions":{"ready":"no"}},7,{"addresses":{}},)"
            R"({"addresses":["10.0.0.2"],"hostname":7}],)"
            R"("ports":[{"port":80},{"port":-1}])"));
  CHECK(found.endpoints ==
        std::vector<Endpoint>{{*ip_from_text("10.0.0.1"), "", "", true},
                              {*ip_from_text("10.0.0.2"), "", "", true}});
  CHECK(found.ports.size() == 1);
  const Decoded endpoints =
      decode(R"({"kind":"Endpoints","metadata":{"name":"db"},"subsets":[)"
             R"({"addresses":[{"ip":"x"},{"ip":"10.0.0.1","hostname":"-"},7],)"
             R"("ports":7},7]})");
  const auto& object = std::get<DecodedObject>(endpoints);
  CHECK(std::get<EndpointSlice>(object.object).endpoints.size() == 1);
  CHECK(object.unread_count == 5);
}

TEST_CASE("addresses as Kubernetes reads them") {
  struct Row {
    const char* text;
    const char* address;  // null: none
  };
  const Row rows[] = {
      {"10.1.0.3", "10.1.0.3"},
      {"10.1.0.03", "10.1.0.3"},
      {"010.001.000.0010", "10.1.0.10"},
      {"0.0.0.0", "0.0.0.0"},
      {"2001:db8::1", "2001:db8::1"},
      {"2001:0DB8:0::00001", "2001:db8::1"},
      {"::", "::"},
      {"::0", "::"},
      {"::ffff:10.1.0.1", "10.1.0.1"},
      {"0:0:0:0:0:ffff:10.1.0.01", "10.1.0.1"},
      {"::ffff:0a01:0001", "10.1.0.1"},
      {"::10.1.0.1", "::10.1.0.1"},
      {"64:ff9b::10.1.0.1", "64:ff9b::a01:1"},
      {"", nullptr},
      {"10.1.0", nullptr},
      {"10.1.0.256", nullptr},
      {"10.1.0.0x3", nullptr},
      {"10.1.0.3 ", nullptr},
      {"10.1.0.3.4", nullptr},
      {"10.1..3", nullptr},
      {"10.1.0.3/24", nullptr},
      {"fe80::1%eth0", nullptr},
      {"1::2::3", nullptr},
      {"12345::", nullptr},
      {"a", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto address = address_from_text(row.text);
    CHECK((address ? to_text(*address) : "none") ==
          (row.address == nullptr ? "none" : row.address));
  }
  CHECK_FALSE(address_from_text(std::string(1 << 20, '0')));
}

TEST_CASE("an object without a namespace is in default, as kubectl has it") {
  CHECK(decoded<Service>(R"({"kind":"Service","metadata":{"name":"a"}})").key ==
        ObjectKey{"default", "a"});
}

TEST_CASE("a watch stream, however the bytes are cut") {
  const std::string stream =
      R"({"type":"ADDED","object":{"kind":"Service","apiVersion":"v1",)"
      R"("metadata":{"name":"a","namespace":"n","resourceVersion":"5"}}})"
      "\n"
      R"({"type":"MODIFIED","object":{"metadata":{"name":"a","namespace":"n",)"
      R"("resourceVersion":"6"}}})"
      R"({"object":{"metadata":{"name":"a","namespace":"n",)"
      R"("resourceVersion":"7"}},"type":"DELETED"})"
      "\n"
      R"({"type":"BOOKMARK","object":{"kind":"Service","metadata":)"
      R"({"resourceVersion":"9"}}})"
      "\n"
      R"({"type":"ERROR","object":{"kind":"Status","code":410,)"
      R"("reason":"Expired"}})"
      "\n";
  for (const std::size_t chunk : {1u, 2u, 7u, 64u, 100000u}) {
    CAPTURE(chunk);
    CHECK(watch(stream, chunk) ==
          std::vector<std::string>{"added n/a @5", "modified n/a @6",
                                   "deleted n/a @7", "bookmark @9",
                                   "error 410"});
  }
}

TEST_CASE("only the API server's own annotation ends a list of events") {
  const auto ends = [](const std::string& type, const std::string& metadata) {
    bool found = false;
    WatchDecoder decoder(ObjectKind::kService, [&](WatchEvent&& event) {
      found = event.ends_initial_events;
      return true;
    });
    CHECK(decoder.feed(R"({"type":")" + type + R"(","object":{"metadata":{)" +
                       metadata + "}}}"));
    return found;
  };
  const std::string key = R"("k8s.io/initial-events-end":)";
  CHECK(ends("BOOKMARK", R"("annotations":{)" + key + R"("true"})"));
  CHECK(ends("BOOKMARK", R"("annotations":{"a":"b",)" + key + R"("true"})"));
  CHECK_FALSE(ends("BOOKMARK", ""));
  CHECK_FALSE(ends("BOOKMARK", R"("annotations":{)" + key + R"("false"})"));
  CHECK_FALSE(ends("BOOKMARK", R"("annotations":{)" + key + "true}"));
  CHECK_FALSE(ends("BOOKMARK", R"("annotations":[)" + key.substr(0, 27) + "]"));
  CHECK_FALSE(ends("BOOKMARK", R"("labels":{)" + key + R"("true"})"));
  // An object may carry it.
  CHECK_FALSE(
      ends("ADDED", R"("name":"a","annotations":{)" + key + R"("true"})"));
}

TEST_CASE("a stream that is no watch ends with the reason") {
  CHECK(watch("<html>", 3).back() == "! expected a JSON object");
  CHECK(watch(R"({"type":"ADDED"})", 100).back() ==
        "! a watch event without a type or without an object");
  CHECK(watch(R"({"object":{}})", 100).back() ==
        "! a watch event without a type or without an object");
  // A later API may have more types.
  CHECK(watch(R"({"type":"X","object":{"metadata":{"resourceVersion":"7"}}})",
              100) == std::vector<std::string>{"unknown @7"});
  CHECK(watch(R"({"type":ADDED})", 100).back() == "! Invalid value.");
  CHECK(watch(R"({"type":"BOOKMARK","object":{"metadata":)"
              R"({"resourceVersion":")" +
                  std::string(2000, '1') + R"("}}})",
              100)
            .back() == "! a resource version of more than 1 KiB");
  CHECK(watch("{\"a\":" + std::string(300'000, '[') +
                  std::string(300'000, ']') + "}",
              1 << 20)
            .back()
            .starts_with("!"));
}

TEST_CASE("a list page says where to go on") {
  std::size_t objects = 0;
  ListEnvelope envelope;
  ListDecoder decoder("Service",
                      {[&](Decoded&& one) {
                         CHECK(std::holds_alternative<DecodedObject>(one));
                         ++objects;
                         return true;
                       },
                       [&](ListEnvelope&& end) {
                         envelope = std::move(end);
                         return true;
                       }});
  REQUIRE(decoder.feed(
      R"({"kind":"ServiceList","apiVersion":"v1","metadata":)"
      R"({"resourceVersion":"10","continue":"next","remainingItemCount":3},)"
      R"("items":[{"metadata":{"name":"a","namespace":"n"}},)"
      R"({"metadata":{"name":"b","namespace":"n"}}]})"));
  CHECK(objects == 2);
  CHECK(envelope.resource_version == "10");
  CHECK(envelope.continue_token == "next");
  CHECK(decoder.is_between_values());
}

TEST_CASE("a status says its code and reason") {
  const ApiStatus status = decode_status(
      R"({"kind":"Status","code":403,"reason":"Forbidden","message":"no"})");
  CHECK(status.code == 403);
  CHECK(status.reason == "Forbidden");
  CHECK(status.message == "no");
  CHECK(decode_status("nonsense").code == 0);
}

TEST_CASE("a name that is no DNS label is malformed") {
  const auto named = [](const std::string& name, const std::string& ns = "a",
                        const std::string& kind = "Service") {
    return R"({"kind":")" + kind + R"(","metadata":{"name":")" + name +
           R"(","namespace":")" + ns + R"("}})";
  };
  const std::string rule =
      " is not a DNS label: 1 to 63 letters, digits and '-', with no '-' at "
      "either end";
  const std::string longest(63, 'a');
  CHECK(decoded<Service>(named(longest)).key.name == longest);
  CHECK(decoded<Service>(named("1-Web")).key.name == "1-Web");
  for (const std::string name : {"-a", "a-", "a.b", "a_b", "a b", "ä"}) {
    CAPTURE(name);
    CHECK(why_malformed(named(name)) ==
          "Service a/" + name + ": metadata.name \"" + name + "\"" + rule);
  }
  CHECK(why_malformed(named(longest + "a")) == "Service a/" + longest +
                                                   "a: metadata.name \"" +
                                                   longest + "a\"" + rule);
  CHECK(why_malformed(named(std::string(300, 'b'))) ==
        "Service a/" + std::string(253, 'b') + ": metadata.name \"" +
            std::string(64, 'b') + "...\" (300 octets)" + rule);
  CHECK(why_malformed(named("web", "a.b")) ==
        "Service a.b/web: metadata.namespace \"a.b\"" + rule);
  CHECK(why_malformed(named("a.b", "", "Namespace")) ==
        "Namespace a.b: metadata.name \"a.b\"" + rule);
  // A leader election's.
  CHECK(decoded<EndpointSlice>(named("a.b", "", "Endpoints"))
            .service_name.empty());
  // These become no part of a domain name.
  CHECK(decoded<EndpointSlice>(named("a.b", "a", "EndpointSlice")).key.name ==
        "a.b");
  CHECK(decoded<Pod>(named("a.b", "a", "Pod")).key.name == "a.b");
}
