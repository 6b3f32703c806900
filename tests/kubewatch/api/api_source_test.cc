#include "kubewatch/api/api_source.h"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <string>

#include "tests/kubewatch/cluster_text.h"
#include "tests/kubewatch/folder.h"
#include "tests/kubewatch/scripted_api.h"
#include "tests/kubewatch/zone_text.h"

using namespace canopy;
using namespace canopy::kube;

TEST_CASE("the API source follows every kind, and stops") {
  ScriptedApi api;
  std::mutex mutex;
  std::map<std::string, std::string> selectors;
  const auto serve = [&](const std::string& path, const std::string& items) {
    api.server().Get(path, [&, path, items](const httplib::Request& request,
                                            httplib::Response& reply) {
      if (request.has_param("sendInitialEvents")) {
        reply.status = 422;
        return;
      }
      if (request.has_param("watch")) return api.stream(reply);
      {
        const std::lock_guard lock(mutex);
        selectors[path] = request.get_param_value("labelSelector");
      }
      reply.set_content(
          R"({"metadata":{"resourceVersion":"3"},"items":[)" + items + "]}",
          "application/json");
    });
  };
  const std::string app = R"("app":"web")";
  serve("/api/v1/namespaces", namespace_json("a"));
  serve("/api/v1/services",
        service_json("a", "web", R"("clusterIP":"None")", app));
  serve("/apis/discovery.k8s.io/v1/endpointslices",
        slice_json("a", "web-1", "web", "10.1.0.1", app));
  api.start();
  ClusterWatchOptions options = test_options();
  options.selection.labels = LabelSelector("app in (web,db)", "--labels");
  TestCluster cluster(options);
  ApiSource source(
      access_from_url("http://127.0.0.1:" + std::to_string(api.port())), {},
      cluster.watch);
  source.start();
  CHECK(eventually([&] { return cluster.watch.status().synced; }));
  CHECK(records_of(cluster.zones, "web.a.svc.cluster.local.")
            .starts_with("A 10.1.0.1"));
  source.reload();
  CHECK(eventually([&] {
    return cluster.watch.status().of(ObjectKind::kEndpointSlice).lists >= 2;
  }));
  source.stop();
  const std::lock_guard lock(mutex);
  CHECK(selectors["/api/v1/services"] == "app in (web,db)");
  CHECK(selectors["/api/v1/namespaces"].empty());
}
