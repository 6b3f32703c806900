// Small clusters for tests, written as JSON of few words.
#pragma once

#include <string>
#include <vector>

#include "kubewatch/cluster/cluster_watch.h"
#include "kubewatch/decode/watch_decoder.h"

namespace canopy::kube {

inline std::string namespace_json(const std::string& name,
                                  const std::string& labels = "") {
  return R"({"kind":"Namespace","metadata":{"name":")" + name +
         R"(","labels":{)" + labels + "}}}";
}

// `spec`: "\"clusterIP\":\"10.0.0.1\"".
inline std::string service_json(const std::string& ns, const std::string& name,
                                const std::string& spec,
                                const std::string& labels = "") {
  return R"({"kind":"Service","metadata":{"namespace":")" + ns +
         R"(","name":")" + name + R"(","labels":{)" + labels +
         R"(}},"spec":{)" + spec + "}}";
}

// `addresses`: "10.0.0.1 !10.0.0.2", where '!' means not ready.
inline std::string slice_json(const std::string& ns, const std::string& name,
                              const std::string& service,
                              const std::string& addresses,
                              const std::string& labels = "") {
  std::string endpoints;
  std::string word;
  for (const char c : addresses + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    if (word.empty()) continue;
    const bool ready = word[0] != '!';
    if (!ready) word.erase(0, 1);
    endpoints +=
        (endpoints.empty() ? "" : ",") + (R"({"addresses":[")" + word) +
        R"("],"conditions":{"ready":)" + (ready ? "true" : "false") + "}}";
    word.clear();
  }
  return R"({"kind":"EndpointSlice","metadata":{"namespace":")" + ns +
         R"(","name":")" + name +
         R"(","labels":{"kubernetes.io/service-name":")" + service + "\"" +
         (labels.empty() ? "" : "," + labels) + R"(}},"endpoints":[)" +
         endpoints + R"(],"ports":[{"name":"http","port":80}]})";
}

inline std::string pod_json(const std::string& ns, const std::string& name,
                            const std::string& ip) {
  return R"({"kind":"Pod","metadata":{"namespace":")" + ns + R"(","name":")" +
         name + R"("},"status":{"podIP":")" + ip + R"("}})";
}

inline Decoded decode_one(const std::string& json) {
  Decoded found;
  ListDecoder decoder("", {[&](Decoded&& one) {
                             found = std::move(one);
                             return true;
                           },
                           [](ListEnvelope&&) { return true; }});
  decoder.feed(json);
  return found;
}

inline ClusterWatchOptions test_options() {
  ClusterWatchOptions options;
  options.records.domain = *Name::from_text("cluster.local.");
  return options;
}

// A watch with a store of its own, driven by hand.
struct TestCluster {
  explicit TestCluster(ClusterWatchOptions options = test_options())
      : zones(cluster_zones(options.records), 1), watch(options, zones) {}

  // One full list of everything, in place of the last one.
  void list(const std::vector<std::string>& objects) {
    const Listing listing{watch.new_origin(), origin, {}};
    for (const std::string& json : objects) {
      Decoded decoded = decode_one(json);
      if (auto* bad = std::get_if<MalformedObject>(&decoded)) {
        watch.keep(listing, *bad);
      } else {
        watch.put(listing, std::move(std::get<DecodedObject>(decoded)));
      }
    }
    watch.sweep(listing);
    watch.finish_all();
    origin = listing.origin;
  }

  void event(WatchEvent::Type type, const std::string& json) {
    WatchEvent one;
    one.type = type;
    one.object = decode_one(json);
    ObjectKind kind = ObjectKind::kService;
    if (auto* object = std::get_if<DecodedObject>(&one.object)) {
      kind = kind_of(object->object);
    }
    watch.apply(origin, kind, std::move(one));
  }
  void add(const std::string& json) { event(WatchEvent::Type::kAdded, json); }
  void change(const std::string& json) {
    event(WatchEvent::Type::kModified, json);
  }
  void remove(const std::string& json) {
    event(WatchEvent::Type::kDeleted, json);
  }

  ZoneStore zones;
  ClusterWatch watch;
  Origin origin = 0;
};

}  // namespace canopy::kube
