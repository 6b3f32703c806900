// A reflector that follows the Services of one namespace, against an API server
// that says what a test tells it to.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kubewatch/api/reflector.h"
#include "tests/kubewatch/cluster_text.h"
#include "tests/kubewatch/folder.h"
#include "tests/kubewatch/scripted_api.h"
#include "tests/kubewatch/zone_text.h"

namespace canopy::kube {

inline std::string with_version(std::string json, const std::string& version) {
  const std::string at = R"("metadata":{)";
  json.insert(json.find(at) + at.size(),
              R"("resourceVersion":")" + version + R"(",)");
  return json;
}

inline std::string web(const std::string& ip, const std::string& version) {
  return with_version(service_json("a", "web", R"("clusterIP":")" + ip + "\""),
                      version);
}

inline std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

inline std::string list(const std::string& version, const std::string& items,
                        const std::string& next = "") {
  return R"({"kind":"ServiceList","metadata":{"resourceVersion":")" + version +
         R"(","continue":")" + next + R"("},"items":[)" + items + "]}";
}

// The first of `more` + 1.
inline std::string list_of_one(const std::string& version, int more) {
  return R"({"kind":"ServiceList","metadata":{"resourceVersion":")" + version +
         R"(","continue":"x","remainingItemCount":)" + std::to_string(more) +
         R"(},"items":[)" + web("10.0.0.1", "5") + "]}";
}

inline void fail(httplib::Response& reply, int status) {
  reply.status = status;
  reply.set_content(R"({"kind":"Status","code":)" + std::to_string(status) +
                        R"(,"message":"as scripted"})",
                    "application/json");
}

// What the server was asked, in order: "list", "list next", "watch 7", and
// "stream" for a list that is a watch's first events.
class Asked {
 public:
  void add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(what);
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  std::size_t count(const std::string& what) {
    std::size_t found = 0;
    for (const std::string& one : all()) found += one == what;
    return found;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> all_;
};

// Services of one namespace, over a reflector, against a scripted server.
struct Followed {
  using Answer =
      std::function<void(const httplib::Request&, httplib::Response&)>;

  Followed() : zones(cluster_zones(test_options().records), 1) {
    watch = std::make_unique<ClusterWatch>(test_options(), zones);
    // The other kinds are there, and say nothing more.
    const Listing listing{watch->new_origin(), 0, {}};
    watch->put(listing,
               std::get<DecodedObject>(decode_one(namespace_json("a"))));
    watch->finish(listing, ObjectKind::kNamespace, "1");
    watch->finish(listing, ObjectKind::kEndpointSlice, "1");
    api.server().Get("/api/v1/services", [this](const httplib::Request& request,
                                                httplib::Response& reply) {
      if (request.has_param("sendInitialEvents")) {
        if (!on_stream) return fail(reply, 422);
        asked.add("stream");
        on_stream(request, reply);
      } else if (request.has_param("watch")) {
        asked.add("watch " + request.get_param_value("resourceVersion"));
        on_watch(request, reply);
      } else if (request.get_param_value("limit") == "1") {
        asked.add("check");
        on_check(request, reply);
      } else {
        const std::string next = request.get_param_value("continue");
        asked.add(next.empty() ? "list" : "list " + next);
        on_list(request, reply);
      }
    });
    on_watch = [this](const auto&, httplib::Response& reply) {
      api.stream(reply);
    };
    on_list = [](const auto&, httplib::Response& reply) {
      reply.set_content(list("7", web("10.0.0.1", "5")), "application/json");
    };
    on_check = on_list;
  }
  ~Followed() {
    if (reflector) reflector->stop();
  }

  void start(ClusterAccess access = {}) {
    api.start();
    if (access.server.host.empty()) {
      access.server = {false, "127.0.0.1", api.port(), ""};
    }
    credentials = std::make_unique<Credentials>(std::move(access));
    options.kind = ObjectKind::kService;
    if (!patient) {
      options.times.first_pause = std::chrono::milliseconds(1);
      options.times.longest_pause = std::chrono::milliseconds(20);
      options.times.relist_spread = std::chrono::milliseconds(1);
    }
    options.random = [] { return 0.5; };
    options.clock = [this] {
      return std::chrono::steady_clock::now() + ahead.load();
    };
    reflector = std::make_unique<Reflector>(options, *credentials, *watch);
    reflector->start();
  }

  std::string address() {
    const std::string text = records_of(zones, "web.a.svc.cluster.local.");
    return text.starts_with("A ") ? text.substr(2, text.find(',') - 2) : "";
  }
  bool becomes(const std::string& ip) {
    return eventually([&] { return address() == ip; });
  }
  // Time goes on, and the clock is looked at until `condition` holds.
  bool becomes_after(std::chrono::seconds time,
                     const std::function<bool()>& condition) {
    ahead = ahead.load() + time;
    return eventually([&] {
      reflector->look_at_clock();
      return condition();
    });
  }
  KindStatus status() { return watch->status().of(ObjectKind::kService); }

  std::atomic<std::chrono::seconds> ahead{std::chrono::seconds(0)};
  ReflectorOptions options;
  bool patient = false;  // pauses as in a cluster
  ZoneStore zones;
  std::unique_ptr<ClusterWatch> watch;
  Asked asked;
  Answer on_list, on_watch, on_check;
  Answer on_stream;  // none: refused, as by a server without the feature
  ScriptedApi api;
  std::unique_ptr<Credentials> credentials;
  std::unique_ptr<Reflector> reflector;
};

}  // namespace canopy::kube
