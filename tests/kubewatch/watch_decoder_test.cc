#include "kubewatch/watch_decoder.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kubewatch/rfc3339.h"

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
    constexpr const char* kTypes[] = {"added", "modified", "deleted",
                                      "bookmark", "error"};
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

TEST_CASE("a pod on its way out has no addresses") {
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
  CHECK(pod(R"(,"deletionTimestamp":"2024-05-01T12:00:00Z")",
            R"({"podIP":"10.0.0.1"})")
            .ips.empty());
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

TEST_CASE("an object that cannot be read is named, and why") {
  CHECK(why_malformed(service(R"({"clusterIP":"10.0.0"})")) ==
        "Service prod/db: spec.clusterIP \"10.0.0\" is not an IP address");
  CHECK(why_malformed(service(R"({"clusterIPs":[7]})")) ==
        "Service prod/db: spec.clusterIPs holds more than strings");
  CHECK(why_malformed(service(R"({"ports":[{"port":"80"}]})")) ==
        "Service prod/db: port is not a number from 0 to 65535");
  CHECK(why_malformed(service(R"({"ports":[{"port":65536}]})")) ==
        "Service prod/db: port is not a number from 0 to 65535");
  CHECK(why_malformed(service(R"({"ports":{}})")) ==
        "Service prod/db: ports is not a list");
  CHECK(why_malformed(service("[]")) ==
        "Service prod/db: spec is not a mapping");
  CHECK(why_malformed(slice(R"("endpoints":[{"addresses":["x"]}])")) ==
        "EndpointSlice prod/db-1: an endpoint's address \"x\" is not an IP "
        "address");
  CHECK(why_malformed(slice(R"("endpoints":[7])")) ==
        "EndpointSlice prod/db-1: endpoints holds something that is not a "
        "mapping");
  CHECK(why_malformed(R"({"kind":"Service"})") ==
        "Service : metadata is missing");
  CHECK(why_malformed(R"({"kind":"Service","metadata":{"name":7}})") ==
        "Service : name is not a string");
  CHECK(why_malformed(R"({"kind":"Service","metadata":{"namespace":"a"}})") ==
        "Service a/: metadata.name is missing");
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

TEST_CASE("a stream that is no watch ends with the reason") {
  CHECK(watch("<html>", 3).back() == "! a JSON object was expected");
  CHECK(watch(R"({"type":"ADDED"})", 100).back() ==
        "! a watch event without a known type or without an object");
  CHECK(watch(R"({"type":"X","object":{}})", 100).back() ==
        "! a watch event without a known type or without an object");
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
      " is not a DNS label: 1 to 63 letters, digits and '-', which is neither "
      "first nor last";
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
  CHECK(why_malformed(named("a.b", "", "Endpoints")) ==
        "EndpointSlice default/a.b: metadata.name \"a.b\"" + rule);
  // These become no part of a domain name.
  CHECK(decoded<EndpointSlice>(named("a.b", "a", "EndpointSlice")).key.name ==
        "a.b");
  CHECK(decoded<Pod>(named("a.b", "a", "Pod")).key.name == "a.b");
  CHECK(why_malformed(slice(
            R"("endpoints":[{"addresses":["10.0.0.1"],"hostname":"a.b"}])")) ==
        "EndpointSlice prod/db-1: an endpoint's hostname \"a.b\"" + rule);
}

namespace {

// "Service a/web, Pod a/p" of a text, and the error after them.
std::string handed_out(const std::string& json, std::size_t* nameless) {
  std::string text;
  ListDecoder decoder(
      "", {[&](Decoded&& one) {
             const auto* object = std::get_if<DecodedObject>(&one);
             text += (text.empty() ? "" : ", ") +
                     (object ? kind_name(kind_of(object->object)) +
                                   (" " + to_text(key_of(object->object)))
                             : std::string("other"));
             return true;
           },
           [&](ListEnvelope&& list) {
             *nameless = list.nameless_items;
             return true;
           }});
  return decoder.feed(json) ? text : text + "; " + decoder.error();
}

}  // namespace

TEST_CASE("lists in lists are one list") {
  const std::string web = R"({"kind":"Service","metadata":{"name":"web"}})";
  const std::string bare = R"({"metadata":{"name":"db"}})";
  const auto list = [](const std::string& kind, const std::string& items) {
    return R"({"items":[)" + items + R"(],"kind":")" + kind + R"("})";
  };
  std::size_t nameless = 0;
  CHECK(handed_out(list("List", web + "," + list("ServiceList", bare) + "," +
                                    list("List", list("List", web))),
                   &nameless) ==
        "Service default/web, Service default/db, Service default/web");
  CHECK(nameless == 0);
  CHECK(handed_out(list("List", list("List", bare) + "," + web), &nameless) ==
        "Service default/web");
  CHECK(nameless == 1);
  std::string deep = web;
  for (int i = 0; i < 9; ++i) deep = list("List", deep);
  CHECK(handed_out(deep, &nameless) == "; lists within lists, more than 8");
}
